"""A compute spec as this service keeps it. Everything here is the fold of its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fedpact.contracts.pact import Endpoint, Person, PinnedModel, Site, SpecContent
from fedpact.contracts.policies import Bounds, Dsse, Reason
from fedpact.contracts.specs import EndOutcome, Payload, Stage, Verdict
from fedpact.contracts.workloads import Phase

NO_LONGER_ALLOWED = "no longer allowed by the policies"
"""The cause of what ends with its verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a phase may take. Waiting for capacity has no limit."""

    grant: timedelta = timedelta(seconds=120)
    """From the capacity until policy has signed."""
    prepare: timedelta = timedelta(seconds=180)
    """From the grants until every site is prepared and connected."""
    stop: timedelta = timedelta(seconds=60)
    """From the wish to stop until everything is gone; what is not is fenced."""
    backoff: timedelta = timedelta(seconds=2)
    """Before asking again for capacity that a gateway refused; doubles with each attempt, up to a minute."""
    losses: int = 3
    """How many killed participants an activation is set up anew for, before it fails."""

    def retry_after(self, attempt: int) -> timedelta:
        """How long the next attempt waits."""
        doublings = min(max(attempt - 1, 0), 10)
        return min(self.backoff * (1 << doublings), timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One client, or the server, of the living generation."""

    gateway: str
    organization: str = ""
    phase: Phase | None = None
    """`None` until its agent said anything."""
    message: str = "asked to prepare"
    csr: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """
    A job the activation holds. `stopping` once it is to be cancelled.

    `deactivate`: the activation ends with the last job; asked for by this job, or by one that left before it.
    """

    payload: Payload
    deactivate: bool = False
    stopping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A participant of an ended generation, or of a lost attempt, that may still run somewhere."""

    generation: int
    participant: str
    gateway: str
    attempt: int = 1
    since: datetime | None = None
    """When it was last told to stop: an inventory by an agent that had not heard of that proves nothing."""

    @property
    def whose(self) -> tuple[int, str, str]:
        """At most one fence a participant of a generation: the newest attempt's."""
        return self.generation, self.participant, self.gateway

    @property
    def part(self) -> tuple[str, str]:
        """Where directives about it go."""
        return self.gateway, self.participant


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Verdict beside stage; the status people see is derived from both."""

    id: str
    creator: Person
    content: SpecContent
    model: PinnedModel
    sites: tuple[Site, ...]
    verdict: Verdict = Verdict.PENDING
    allowed: bool | None = None
    fits: bool | None = None
    reasons: tuple[Reason, ...] = ()
    custodian_reasons: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    revisions: Mapping[str, int] = field(default_factory=dict)
    ever_approved: bool = False
    stage: Stage = Stage.IDLE
    generation: int = 0
    attempt: int = 1
    placed_attempt: int = 0
    """The attempt the participants belong to; 0 before any were placed in this generation."""
    since: datetime | None = None
    outcome: EndOutcome = EndOutcome.NONE
    cause: str = ""
    orchestrator: str = ""
    participants: Mapping[str, Participant] = field(default_factory=dict)
    grants: Mapping[str, Dsse] = field(default_factory=dict)
    bounds: tuple[Bounds, ...] = ()
    endpoint: Endpoint | None = None
    certificates: Mapping[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    """When the phase is over, or when to ask for capacity again. Waiting for capacity has no end."""
    open_jobs: Mapping[str, Job] = field(default_factory=dict)
    queued_jobs: Mapping[str, Job] = field(default_factory=dict)
    fences: tuple[Fence, ...] = ()
    losses: int = 0
    """How often this generation was set up anew because a participant was killed."""
    idle_since: datetime | None = None
    stopping_since: datetime | None = None
    invalid: str = ""

    @property
    def lives(self) -> bool:
        """Whether a generation is under way."""
        return self.stage in {Stage.WAITING, Stage.CREATING, Stage.ACTIVE, Stage.DELETING}

    @property
    def pauses(self) -> bool:
        """Whether a gateway sent it back, so that it waits before it asks for capacity again."""
        return self.stage is Stage.WAITING and bool(self.cause)

    @property
    def unaccounted(self) -> Mapping[str, str]:
        """Who was asked and is not known to be gone -> its gateway: of the living attempt, or of those lost before."""
        asked = {} if self.stage is Stage.WAITING else self.participants
        lost = {fence.participant: fence.gateway for fence in self.fences if fence.generation == self.generation}
        return lost | {name: p.gateway for name, p in asked.items() if p.phase is not Phase.GONE}

    @property
    def clients(self) -> Mapping[str, Participant]:
        """The participants without the server."""
        return {name: p for name, p in self.participants.items() if name != "server"}
