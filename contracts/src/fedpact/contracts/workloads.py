"""
What agents observe at their sites. The last subject token, the gateway, is authenticated by the bus.

Every observation about an activation names generation and attempt: those of an older one change nothing,
save that a late `ParticipantGone` frees a fenced participant.
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from fedpact.contracts.envelope import Fact, Model
from fedpact.contracts.ids import DatasetId, Id
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import DatasetShape

LONGEST = 2000


def _cut(text: Any) -> Any:
    return text[:LONGEST] if isinstance(text, str) else text


Words = Annotated[str, BeforeValidator(_cut)]
"""A site's own words for a person. What is longer is cut: a site shall not fill what all are told."""
Pem = Annotated[str, Field(max_length=16_000)]


class Phase(StrEnum):
    """A participant, as its agent sees it. The process exit or pod phase is the truth, not what FLARE says."""

    PREPARED = "prepared"
    """Decided again, key made, waiting for its certificate."""
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    GONE = "gone"
    WAITING = "waiting"
    """The launcher holds it back for resources; the message says what is missing."""
    FAILED = "failed"


class Cause(StrEnum):
    """Why a participant was refused or failed."""

    CAPACITY = "capacity"
    IMAGE = "image"
    RESOURCES = "resources"
    EXIT = "exit"
    NOT_READY = "not_ready"
    POLICY = "policy"
    SIGNATURE = "signature"
    VETO = "veto"
    DATASET = "dataset"
    LOST = "lost"
    KILLED = "killed"
    """Ended from outside: by a person, an engine, a machine that went down. Worth another try."""


class Observation(Fact):
    """`gateway` repeats the authenticated token, and so does the source; a consumer refuses a mismatch."""

    gateway: Id

    def told_by(self, token: str, source: str) -> bool:
        return token == self.gateway and source.startswith(f"fedpact/{token}/")


class GatewaySpoke(Observation):
    """What the site allots to Fedpact, on start and whenever it changes."""

    type: ClassVar[str] = "workloads.gateway.spoke"

    role: Literal["gateway", "orchestrator"] = "gateway"
    totals: Resources
    version: str
    capabilities: tuple[str, ...] = ()
    limits_enforced: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.gateway


class DatasetOffered(Observation):
    """A steward registered a dataset at the gateway. The path stays there."""

    type: ClassVar[str] = "workloads.dataset.offered"

    dataset: DatasetId
    name: str
    description: str = ""
    shape: DatasetShape = DatasetShape()
    derived_from: tuple[DatasetId, ...] = ()

    @property
    def key(self) -> str:
        return self.dataset


class DatasetTakenBack(Observation):
    type: ClassVar[str] = "workloads.dataset.taken_back"

    dataset: DatasetId

    @property
    def key(self) -> str:
        return self.dataset


class ProposalAnswered(Observation):
    """The gateway looked at a proposal by its own rules. Accepted, it serves and offers `dataset`."""

    type: ClassVar[str] = "workloads.proposal.answered"

    proposal: Id
    accepted: bool
    dataset: DatasetId | None = None
    reason: Words = ""

    @property
    def key(self) -> str:
        return self.proposal


class ParticipantFact(Observation):
    """About one participant of one generation and attempt. The key names the participant, not the generation."""

    spec_id: Id
    generation: int
    attempt: int
    participant: str

    @property
    def key(self) -> str:
        return f"{self.spec_id}/{self.participant}"


class ParticipantAccepted(ParticipantFact):
    """The gateway decided again and agrees. `csr` is a PEM certificate request; the key never leaves the gateway."""

    type: ClassVar[str] = "workloads.participant.accepted"

    csr: Pem


class ParticipantRefused(ParticipantFact):
    """The gateway does not run it. Refusal for capacity sends the activation back to waiting; any other ends it."""

    type: ClassVar[str] = "workloads.participant.refused"

    cause: Cause
    reason: Words


class ParticipantChanged(ParticipantFact):
    """The participant moved to another phase."""

    type: ClassVar[str] = "workloads.participant.changed"

    phase: Phase
    cause: Cause | None = None
    message: Words = ""


class ParticipantGone(ParticipantFact):
    """Nothing of it is left at the site: no process, no key, no token."""

    type: ClassVar[str] = "workloads.participant.gone"


class ServerReady(Observation):
    """The FLARE server listens. `certificates`: participant -> PEM, signed by the activation's own CA."""

    type: ClassVar[str] = "workloads.server.ready"

    spec_id: Id
    generation: int
    attempt: int
    project: str
    host: str
    port: int
    server_name: str = ""
    """What to ask for in the TLS handshake, where `host` is an entrance to several servers."""
    root_ca: Pem
    certificates: dict[str, Pem]

    @property
    def key(self) -> str:
        return f"{self.spec_id}/server"


class SitesConnected(Observation):
    """The orchestrator sees exactly the expected sites connected."""

    type: ClassVar[str] = "workloads.sites.connected"

    spec_id: Id
    generation: int
    attempt: int
    sites: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.spec_id}/server"


class JobPhase(StrEnum):
    """A job, as the orchestrator's agent sees it."""

    SUBMITTED = "submitted"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobObserved(Observation):
    """The job moved to another phase. Final phases are said after its results are stored or given up."""

    type: ClassVar[str] = "workloads.job.observed"

    spec_id: Id
    generation: int
    job_id: Id
    attempt: int = 0
    """The attempt of the activation that it ran in; 0 where the agent does not say."""
    phase: JobPhase
    engine_job: Annotated[str, Field(max_length=200)] = ""
    reason: Words = ""
    results_lost: bool = False
    with_activation: bool = False
    """Cancelled because its activation ended: why it did, the hub knows."""

    @property
    def key(self) -> str:
        return f"{self.spec_id}/{self.job_id}"


class Presence(Model):
    """One workload in an inventory."""

    spec_id: Id
    generation: int
    participant: str
    phase: Phase


class InventoryTaken(Observation):
    """
    Everything that runs at the site, on start, on reconnect and periodically.

    `applied` is the stream sequence of the last directive the agent had applied: what was wanted later may
    rightly be missing.
    """

    type: ClassVar[str] = "workloads.inventory.taken"

    present: tuple[Presence, ...]
    applied: int
    heard_at: AwareDatetime | None = None
    """When the newest directive the agent had applied was said, by the hub's clock: what the inventory can know of."""
    taken_at: AwareDatetime

    @property
    def key(self) -> str:
        return self.gateway
