"""
How the agent keeps things, all in one SQLite file.

Two sorts: what is published (workloads, jobs, datasets, the site itself: the fold of their own observations, under
the gateway's own last token), and what is only remembered (wishes, permits, revisions: silent, their facts have no
type).
"""

from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import AwareDatetime

from fedpact.chassis.aggregates import Kind
from fedpact.contracts.directives import TOMBSTONE, ProposalDirective, Wanted
from fedpact.contracts.envelope import Fact
from fedpact.contracts.workloads import (
    DatasetOffered,
    DatasetTakenBack,
    GatewaySpoke,
    InventoryTaken,
    ProposalAnswered,
)
from fedpact.gateway_agent.domain import runs, workload
from fedpact.gateway_agent.domain.runs import Run
from fedpact.gateway_agent.domain.steps import Permit
from fedpact.gateway_agent.domain.wishes import JobWish, ParticipantWish, ServerWish, W
from fedpact.gateway_agent.domain.workload import Workload

F = TypeVar("F", bound=Fact)
LIVE = "live"
"""Index of what is not over: `where(LIVE, YES)`."""
YES = "yes"


class PermitKept(Fact):
    """A grant was accepted, or with none: nothing is permitted any more."""

    about: str
    permit: Permit | None

    @property
    def key(self) -> str:
        return self.about


class RevisionSeen(Fact):
    """A policy came with this revision."""

    policy: str
    revision: int

    @property
    def key(self) -> str:
        return self.policy


class Offer(Fact):
    """A dataset of this gateway: offered to the hub, or taken back."""

    offered: DatasetOffered | None

    @property
    def key(self) -> str:
        return self.offered.key if self.offered else ""


class ProposalHeard(Fact):
    """A proposal, or that it is over."""

    directive: ProposalDirective
    at: AwareDatetime

    @property
    def key(self) -> str:
        return self.directive.key


def workloads(gateway: str) -> Kind[Workload]:
    """Participants of this site."""
    return Kind(
        source=f"fedpact/{gateway}/workloads",
        state=Workload,
        evolve=workload.evolve,
        indexes={LIVE: lambda one: () if one.over else (YES,)},
        route=gateway,
    )


def jobs(gateway: str) -> Kind[Run]:
    """Jobs at the orchestrator. A source of their own: a job may be called as a participant is."""
    return Kind(
        source=f"fedpact/{gateway}/jobs",
        state=Run,
        evolve=runs.evolve,
        indexes={LIVE: lambda one: () if one.final else (YES,)},
        route=gateway,
    )


def offers(gateway: str) -> Kind[Offer]:
    """Datasets of this gateway."""
    return Kind(source=f"fedpact/{gateway}/datasets", state=Offer, evolve=_offer, route=gateway)


def answers(gateway: str) -> Kind[ProposalAnswered]:
    """What was answered to proposals."""
    return Kind(
        source=f"fedpact/{gateway}/proposals",
        state=ProposalAnswered,
        evolve=lambda _, fact: _as(ProposalAnswered, fact),
        route=gateway,
    )


def sites(gateway: str) -> Kind[GatewaySpoke]:
    """The site itself: what it allots, and what runs there."""
    return Kind(source=f"fedpact/{gateway}/site", state=GatewaySpoke, evolve=_spoke, route=gateway)


def _forgotten(wish: ParticipantWish | ServerWish | JobWish) -> datetime | None:
    return _over(wish.directive.wanted, wish.at)


def _over(wanted: Wanted, at: datetime) -> datetime | None:
    """A tombstone is forgotten a day after the stream forgot it: until then it may be delivered again."""
    return at + timedelta(seconds=TOMBSTONE) + timedelta(days=1) if wanted is Wanted.STOPPED else None


def _wishes(kind: type[W]) -> Kind[W]:
    return Kind(
        source="agent/wishes",
        state=kind,
        evolve=lambda _, fact: _as(kind, fact),
        expires=_forgotten,
        silent=True,
    )


PARTICIPANT_WISHES: Kind[ParticipantWish] = _wishes(ParticipantWish)
SERVER_WISHES: Kind[ServerWish] = _wishes(ServerWish)
JOB_WISHES: Kind[JobWish] = _wishes(JobWish)
PROPOSALS_HEARD: Kind[ProposalHeard] = Kind(
    source="agent/proposals",
    state=ProposalHeard,
    evolve=lambda _, fact: _as(ProposalHeard, fact),
    expires=lambda heard: _over(heard.directive.wanted, heard.at),
    silent=True,
)
PERMITS: Kind[PermitKept] = Kind(
    source="agent/permits",
    state=PermitKept,
    evolve=lambda _, fact: _as(PermitKept, fact),
    indexes={LIVE: lambda kept: (YES,) if kept.permit else ()},
    silent=True,
)
REVISIONS: Kind[RevisionSeen] = Kind(
    source="agent/revisions", state=RevisionSeen, evolve=lambda _, fact: _as(RevisionSeen, fact), silent=True
)


def _as(kind: type[F], fact: Fact) -> F:
    if not isinstance(fact, kind):
        raise TypeError(f"`{type(fact).__name__}` is not a `{kind.__name__}`")
    return fact


def _offer(_: Offer | None, fact: Fact) -> Offer:
    if isinstance(fact, DatasetTakenBack):
        return Offer(offered=None)
    return Offer(offered=_as(DatasetOffered, fact))


def _spoke(before: GatewaySpoke | None, fact: Fact) -> GatewaySpoke:
    if isinstance(fact, InventoryTaken) and before is not None:
        return before
    return _as(GatewaySpoke, fact)
