"""
What the portal remembers: one document per aggregate of another context, and a few records of its own.

A spec, its verdict and its status are facts about one aggregate, so they are one document here, folded in the order
of that aggregate. Records of the portal's own are never published; they are facts only so that the store folds them.
"""

from dataclasses import dataclass, replace

from pydantic import AwareDatetime

from fedpact.contracts.access import GatewayEnrolled, GatewayInvited, GatewayRenewed, GatewayRevoked
from fedpact.contracts.api import GatewayAccess, MetricPoint
from fedpact.contracts.envelope import Fact
from fedpact.contracts.jobs import ArtifactsStored, JobChanged, StoredFile
from fedpact.contracts.policies import PolicyPublished, PolicyWithdrawn
from fedpact.contracts.registry import (
    DatasetProposed,
    DatasetRegistered,
    DatasetUnregistered,
    GatewayAnnounced,
    GatewayRegistered,
    ProposalSettled,
)
from fedpact.contracts.specs import SpecChanged, SpecCreated, VerdictReached

MAX_POINTS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecState:
    """A spec as spec_lifecycle last told it. `created` is absent only before its first fact was heard."""

    created: SpecCreated | None = None
    verdict: VerdictReached | None = None
    changed: SpecChanged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    changed: JobChanged | None = None
    stored: tuple[StoredFile, ...] | None = None
    """`None` until every result file is kept."""

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The result files that can be fetched."""
        return self.stored or (self.changed.files if self.changed else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetState:
    registered: DatasetRegistered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalState:
    """Once settled, what was made is forgotten, and with it the entry's name."""

    made: DatasetProposed | None = None
    settled: ProposalSettled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayState:
    registered: GatewayRegistered | None = None
    announced: GatewayAnnounced | None = None
    access: GatewayAccess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyState:
    published: PolicyPublished | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsState:
    points: tuple[MetricPoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who may hear of something. Anyone named in any of the members; `owners` are owners of those organizations."""

    everyone: bool = False
    admins: bool = False
    organizations: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Entry(Fact):
    """
    One line of the journal: that a fact was heard, at its place in its stream, in words anyone it names may read.

    An entry about a spec (and no job) is for whoever may see the spec; any other is for its `audience`. One without
    words is told to nobody: it lets every replica know that something changed.
    """

    origin: str
    """The stream it was heard on."""
    position: int
    kind: str
    about: str
    time: AwareDatetime
    text: str
    spec_id: str | None = None
    job_id: str | None = None
    artifact_id: str | None = None
    correlation: str = ""
    audience: Audience = Audience()
    until: AwareDatetime

    @property
    def key(self) -> str:
        return f"{self.origin}/{self.position}"


class Head(Fact):
    """How far a stream is written down."""

    name: str
    position: int

    @property
    def key(self) -> str:
        return self.name


class Sent(Fact):
    """That a user sent a command through this portal. `digest` recognizes the same request again."""

    command_id: str
    command: str
    about: str
    user: str
    digest: str
    until: AwareDatetime

    @property
    def key(self) -> str:
        return self.command_id


class Settled(Fact):
    """What became of a command. `place` is the aggregate and `sequence` its number, for reads that wait for it."""

    command_id: str
    accepted: bool
    place: str = ""
    sequence: int = 0
    slug: str = ""
    reason: str = ""
    path: str = ""
    until: AwareDatetime

    @property
    def key(self) -> str:
        return self.command_id

    @property
    def token(self) -> str:
        """The value of a `Fedpact-Sequence` header."""
        return f"{self.place}:{self.sequence}" if self.accepted else ""


class Login(Fact):
    """A browser somebody logged in with. `sealed` holds its tokens, for whoever holds the browser's secret."""

    name: str
    sealed: str
    renews: AwareDatetime
    """When the access token is too old to be used."""
    until: AwareDatetime
    claimed: AwareDatetime | None = None
    """Since when somebody is renewing it."""

    @property
    def key(self) -> str:
        return self.name


class Measured(Fact):
    """One round of a job's metrics."""

    job_id: str
    point: MetricPoint

    @property
    def key(self) -> str:
        return self.job_id


def spec_after(state: SpecState | None, fact: Fact) -> SpecState:
    """The spec after one more fact about it."""
    state = state or SpecState()
    match fact:
        case SpecCreated():
            return replace(state, created=fact)
        case VerdictReached():
            return replace(state, verdict=fact)
        case SpecChanged():
            return replace(state, changed=fact)
        case _:
            return state


def job_after(state: JobState | None, fact: Fact) -> JobState:
    """The job after one more fact about it."""
    state = state or JobState()
    match fact:
        case JobChanged():
            return replace(state, changed=fact)
        case ArtifactsStored():
            return replace(state, stored=fact.files)
        case _:
            return state


def dataset_after(state: DatasetState | None, fact: Fact) -> DatasetState:
    """The dataset after one more fact about it."""
    match fact:
        case DatasetRegistered():
            return DatasetState(registered=fact)
        case DatasetUnregistered():
            return DatasetState()
        case _:
            return state or DatasetState()


def proposal_after(state: ProposalState | None, fact: Fact) -> ProposalState:
    """The proposal after one more fact about it."""
    match fact:
        case DatasetProposed():
            return ProposalState(made=fact)
        case ProposalSettled():
            return ProposalState(settled=fact)
        case _:
            return state or ProposalState()


def gateway_after(state: GatewayState | None, fact: Fact) -> GatewayState:
    """The gateway after one more fact about it."""
    state = state or GatewayState()
    match fact:
        case GatewayRegistered():
            return replace(state, registered=fact)
        case GatewayAnnounced():
            return replace(state, announced=fact)
        case GatewayInvited() | GatewayEnrolled() | GatewayRenewed() | GatewayRevoked():
            return replace(state, access=_access_after(state.access, fact))
        case _:
            return state


def _access_after(
    access: GatewayAccess | None, fact: GatewayInvited | GatewayEnrolled | GatewayRenewed | GatewayRevoked
) -> GatewayAccess:
    match fact:
        case GatewayInvited() if access is not None and access.status == "enrolled":
            return access.model_copy(update={"invited_until": fact.until})
        case GatewayInvited():
            return GatewayAccess(status="invited", invited_until=fact.until)
        case GatewayEnrolled() | GatewayRenewed():
            return GatewayAccess(status="enrolled", expires_at=fact.expires_at)
        case GatewayRevoked():
            return GatewayAccess(status="revoked")


def policy_after(state: PolicyState | None, fact: Fact) -> PolicyState:
    """The policy after one more fact about it. A withdrawn one keeps its last text."""
    state = state or PolicyState()
    match fact:
        case PolicyPublished():
            return PolicyState(published=fact)
        case PolicyWithdrawn():
            return replace(state, withdrawn=True)
        case _:
            return state


def metrics_after(state: MetricsState | None, fact: Fact) -> MetricsState:
    """The rounds with one more, in order; the same round of the same gateway replaces itself."""
    points = state.points if state else ()
    if not isinstance(fact, Measured):
        return MetricsState(points=points)
    point = fact.point
    others = [p for p in points if (p.round, p.gateway) != (point.round, point.gateway)]
    kept = sorted([*others, point], key=lambda p: (p.round, p.gateway))
    return MetricsState(points=tuple(kept[-MAX_POINTS:]))
