"""
What the custodians said of a spec last, as far as jobs and their artifacts depend on it.

A copy of policy's word, without its reasons: they are told to others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from fedpact.contracts.artifacts import SERVER_LOG, STAYS
from fedpact.contracts.envelope import Fact
from fedpact.contracts.policies import Bounds, SpecDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`bounds` are every custodian's; a payload has to keep within each."""

    allowed: bool
    bounds: tuple[Bounds, ...] = ()
    permissions: Mapping[str, JsonValue] = field(default_factory=dict)
    privacy: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def server_log(self) -> bool:
        """Whether the FLARE server's log of a job may be an artifact. What is no plain `true` says no."""
        return self.allowed and self.permissions.get(SERVER_LOG) is True

    @property
    def stays(self) -> bool:
        """Whether results stay in the organization whose job left them. What is no plain `false` says they do."""
        return self.privacy.get(STAYS, False) is not False


def agreed(terms: Terms | None, fact: Fact) -> Terms:
    """Folds policy's newest word. What protected results goes on protecting them after the permission ended."""
    assert isinstance(fact, SpecDecided)
    privacy = fact.privacy if fact.allowed or terms is None else terms.privacy
    return Terms(allowed=fact.allowed, bounds=fact.bounds, permissions=fact.permissions, privacy=privacy)
