"""
What the service remembers: policies, cases, and the datasets the registry told it of.

A case is the standing question whether a spec may run. Its first fact is always a verdict, and an activation's
grants live beside an allowing verdict only: a denial drops them in the same step.
"""

from dataclasses import dataclass
from datetime import datetime

from fedpact.contracts.policies import Dsse, PolicyDocument, SpecDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An asset policy at its highest revision. A withdrawn one allows nothing and keeps its id and revision."""

    document: PolicyDocument
    envelope: Dsse
    signed_by: tuple[str, ...] = ()
    withdrawn: bool = False

    @property
    def id(self) -> str:
        return self.document.id

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets it is about, each once."""
        return tuple(sorted({scope.id for scope in self.document.datasets}))

    @property
    def in_force_on(self) -> tuple[str, ...]:
        """The datasets it can allow something on."""
        return () if self.withdrawn else self.datasets


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Turn:
    """One placement of a spec's workloads; a later one is greater."""

    generation: int
    attempt: int


NEVER = Turn(generation=0, attempt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Grants that are out and have to be renewed."""

    turn: Turn
    revisions: dict[str, int]
    """Policy id -> revision inside the grants."""
    valid_until: datetime
    renew_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The last verdict on a spec, the grants that stand on it, and the last placement that was answered."""

    decided: SpecDecided
    live: Live | None = None
    answered: Turn = NEVER

    @property
    def due(self) -> datetime | None:
        """When to look again without being told: grants to renew, or a policy's window opening or closing."""
        moments = (self.live.renew_at if self.live else None, self.decided.stands_until)
        return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset as the registry last spoke of it."""

    id: str
    organization: str = ""
    derived_from: tuple[str, ...] = ()
    registered: bool = True
