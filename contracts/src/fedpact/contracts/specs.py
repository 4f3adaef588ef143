"""Compute specs, activations and their participants, as spec_lifecycle publishes them; and what it is asked to do."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field, JsonValue

from fedpact.contracts.envelope import Accepted, Command, Fact, Model, Quarantined, Refused
from fedpact.contracts.ids import DatasetId, Id
from fedpact.contracts.pact import Endpoint, Person, PinnedModel, Site, SpecContent
from fedpact.contracts.policies import Bounds, Dsse, Reason
from fedpact.contracts.workloads import Phase

Payload = dict[str, JsonValue]
"""A job's parameters."""


class Verdict(StrEnum):
    """What the policies say. Recorded in every stage."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Stage(StrEnum):
    """Where the spec's activation stands. The status people see is derived from stage, verdict and outcome."""

    IDLE = "idle"
    WAITING = "waiting"
    CREATING = "creating"
    ACTIVE = "active"
    DELETING = "deleting"
    INVALID = "invalid"


class EndOutcome(StrEnum):
    """How a generation ended."""

    NONE = "none"
    SHUTDOWN = "shutdown"
    FAILED = "failed"


class SpecFact(Fact):
    """About one compute spec."""

    spec_id: Id

    @property
    def key(self) -> str:
        return self.spec_id


class SpecCreated(SpecFact):
    """A spec exists, well-formed, with the sites its datasets sit on. The verdict follows."""

    type: ClassVar[str] = "specs.spec.created"

    creator: Person
    content: SpecContent
    model: PinnedModel
    sites: tuple[Site, ...]
    created_at: AwareDatetime
    cloned_from: Id | None = None
    roots: dict[DatasetId, tuple[DatasetId, ...]] = {}
    """Derived dataset -> what it holds data of: the policies of all of these decide."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The datasets whose policies decide."""
        return tuple(dict.fromkeys(s for dataset in self.content.datasets for s in self.sources_of(dataset)))

    def sources_of(self, dataset: str) -> tuple[str, ...]:
        """What one dataset holds data of: itself, if it is not derived."""
        return self.roots.get(dataset, (dataset,))


class VerdictReached(SpecFact):
    """Policy or scheduler answered, perhaps anew. The verdict stays pending until both have."""

    type: ClassVar[str] = "specs.verdict.reached"

    verdict: Verdict
    allowed: bool | None = None
    """What policy says."""
    fits: bool | None = None
    """What the scheduler says: could it ever be placed."""
    reasons: tuple[Reason, ...]
    custodian_reasons: dict[str, tuple[Reason, ...]] = {}
    revisions: dict[str, int] = {}


class ActivationFact(SpecFact):
    """What every fact about one generation of a spec holds, so that nobody has to ask back."""

    generation: int
    attempt: int = 1
    creator: Person
    content: SpecContent
    model: PinnedModel
    sites: tuple[Site, ...]


class ActivationRequested(ActivationFact):
    """The spec waits for capacity. `attempt` grows when a gateway sent it back; `since` keeps its seniority."""

    type: ClassVar[str] = "specs.activation.requested"

    since: AwareDatetime


class ActivationPlaced(ActivationFact):
    """Capacity is reserved at every site; policy decides again and signs."""

    type: ClassVar[str] = "specs.activation.placed"

    orchestrator: Id
    """The site of the FLARE server."""
    deadline: AwareDatetime | None = None
    """When policy has to have signed: what is placed holds capacity and does not wait for ever."""


class ActivationSentBack(SpecFact):
    """
    A gateway refused for capacity, or a participant was killed: wait, then ask again with seniority kept.

    `lost` says that it was killed, maybe in the middle of jobs, which then run again. `fenced` participants were told
    to stop and are not yet known to be gone; each keeps its share for itself in the next attempt.
    """

    type: ClassVar[str] = "specs.activation.sent_back"

    generation: int
    attempt: int
    cause: str
    retry_at: AwareDatetime
    lost: bool = False
    fenced: dict[str, str] = {}
    """Participant -> its site."""
    at: AwareDatetime | None = None


class GrantsKept(SpecFact):
    """Policy's grants arrived: the sites are asked to prepare, or go on with a later end."""

    type: ClassVar[str] = "specs.grants.kept"
    ttl: ClassVar[int | None] = 3600

    generation: int
    attempt: int
    grants: dict[str, Dsse]
    bounds: tuple[Bounds, ...] = ()
    deadline: AwareDatetime | None = None


class ParticipantMoved(SpecFact):
    """A participant of the living generation moved on. `csr` (PEM) comes with `prepared`."""

    type: ClassVar[str] = "specs.participant.moved"

    generation: int
    participant: str
    phase: Phase
    message: str = ""
    csr: str = ""


class ServerListens(SpecFact):
    """The FLARE server is up and every participant has its certificate."""

    type: ClassVar[str] = "specs.server.listens"

    generation: int
    endpoint: Endpoint
    certificates: dict[str, str]


class ActivationCompleted(SpecFact):
    """Every participant is connected: jobs can run."""

    type: ClassVar[str] = "specs.activation.completed"

    generation: int
    at: AwareDatetime


class ActivationStopping(SpecFact):
    """The generation is being taken down; `outcome` and `cause` say why."""

    type: ClassVar[str] = "specs.activation.stopping"

    generation: int
    outcome: EndOutcome
    cause: str
    deadline: AwareDatetime
    at: AwareDatetime | None = None


class ActivationEnded(SpecFact):
    """
    The generation is over, for whatever cause.

    `fenced` participants are not yet known to be gone; their capacity stays reserved until `ParticipantReleased`
    names them.
    """

    type: ClassVar[str] = "specs.activation.ended"

    generation: int
    outcome: EndOutcome
    cause: str
    fenced: dict[str, str] = {}
    """Participant -> its site."""


class ParticipantReleased(SpecFact):
    """A fenced participant of an ended generation, or of a lost attempt, turned out to be gone."""

    type: ClassVar[str] = "specs.participant.released"

    generation: int
    participant: str
    gateway: Id
    attempt: int = 0
    """The lost attempt of a generation that goes on: what a later one holds stays. 0 when the generation is over."""


class ParticipantReminded(SpecFact):
    """The site of a fenced participant spoke, and its end is not known: it is told to stop once more."""

    type: ClassVar[str] = "specs.participant.reminded"

    generation: int
    participant: str
    gateway: Id
    at: AwareDatetime


class JobQueued(SpecFact):
    """The job waits for the activation it asked for."""

    type: ClassVar[str] = "specs.job.queued"

    job_id: Id
    payload: Payload
    deactivate: bool = False


class JobOpened(SpecFact):
    """The activation took the job."""

    type: ClassVar[str] = "specs.job.opened"

    job_id: Id
    generation: int
    payload: Payload = {}
    deactivate: bool = False


class JobRefused(SpecFact):
    """The activation cannot take the job: it ended, never came, or the payload is outside the granted bounds."""

    type: ClassVar[str] = "specs.job.refused"

    job_id: Id
    slug: str
    reason: str


class JobStopping(SpecFact):
    """The job is being cancelled in the activation."""

    type: ClassVar[str] = "specs.job.stopping"

    job_id: Id


class JobClosed(SpecFact):
    """The job no longer occupies the activation."""

    type: ClassVar[str] = "specs.job.closed"

    job_id: Id
    at: AwareDatetime


class SpecInvalidated(SpecFact):
    """What the spec stands on is gone; it cannot be activated again."""

    type: ClassVar[str] = "specs.spec.invalidated"

    reason: str


class ParticipantView(Model):
    """One participant as people see it."""

    gateway: str
    phase: str
    message: str = ""


class SpecChanged(SpecFact):
    """The whole of what people see of a spec, after every step that changes any of it."""

    type: ClassVar[str] = "specs.spec.changed"

    status: str
    """`value.detail`, for example `active.running_idle`."""
    verdict: Verdict
    stage: Stage
    generation: int
    attempt: int = 1
    outcome: EndOutcome = EndOutcome.NONE
    cause: str = ""
    participants: dict[str, ParticipantView] = {}
    open_jobs: tuple[str, ...] = ()
    idle_since: AwareDatetime | None = None


class CommandAccepted(Accepted):
    type: ClassVar[str] = "specs.command.accepted"


class CommandRefused(Refused):
    type: ClassVar[str] = "specs.command.refused"


class MessageQuarantined(Quarantined):
    type: ClassVar[str] = "specs.message.quarantined"


class SpecCommand(Command):
    spec_id: Id

    @property
    def key(self) -> str:
        return self.spec_id


class CreateSpec(SpecCommand):
    """A data scientist proposes a pact. Its id is the sender's choice."""

    type: ClassVar[str] = "specs.create"

    content: SpecContent


class CloneSpec(SpecCommand):
    """The same content again under a new id, to run in parallel."""

    type: ClassVar[str] = "specs.clone"

    source: Id


class Activate(SpecCommand):
    """Provision the server and the clients. `expected_generation` (the current one) guards against a stale view."""

    type: ClassVar[str] = "specs.activate"

    expected_generation: Annotated[int, Field(ge=0)] | None = None


class Deactivate(SpecCommand):
    """Stop the activation and free what it holds. Legal in every stage; doing it twice changes nothing."""

    type: ClassVar[str] = "specs.deactivate"

    expected_generation: Annotated[int, Field(ge=0)] | None = None
