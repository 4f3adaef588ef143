"""Jobs and their results, as the jobs service publishes them; and what it is asked to do."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from fedpact.contracts.envelope import Accepted, Command, Fact, Model, Quarantined, Refused, Strict
from fedpact.contracts.ids import Digest, Id
from fedpact.contracts.pact import Person
from fedpact.contracts.specs import Payload
from fedpact.contracts.workloads import JobObserved


class JobStatus(StrEnum):
    """created -> provisioning -> submitted -> running -> completed | failed | cancelled."""

    CREATED = "created"
    PROVISIONING = "provisioning"
    SUBMITTED = "submitted"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}


class StepName(StrEnum):
    ACTIVATE = "activate"
    SUBMIT = "submit"
    EXECUTE = "execute"
    DEACTIVATE = "deactivate"


class Step(Model):
    """One step of a job with its attempts."""

    name: StepName
    status: Literal["pending", "running", "completed", "failed", "skipped"] = "pending"
    attempt: int = 0
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    message: str = ""


class ArtifactKind(StrEnum):
    CHECKPOINT = "checkpoint"
    METRIC = "metric"
    LOG = "log"
    RESULT = "result"


class StoredFile(Model):
    """One result file, content-addressed. `name` is its path inside the result."""

    name: str
    digest: Digest
    size: int
    kind: ArtifactKind = ArtifactKind.RESULT


class Manifest(Strict):
    """What a site says it stored of a job: every name that was uploaded, with what it should be."""

    files: Annotated[tuple[StoredFile, ...], Field(max_length=1000)]


class JobSubmitted(Fact):
    """An actor wants this payload run. spec_lifecycle acts on it, with the actor the token vouched for."""

    type: ClassVar[str] = "jobs.job.submitted"

    job_id: Id
    spec_id: Id
    actor: Person
    payload: Payload
    activate: bool = False
    """One-shot: activate the spec first when it is not active."""
    deactivate: bool = False
    """Deactivate the spec when the job ended."""
    submitted_at: AwareDatetime

    @property
    def key(self) -> str:
        return self.job_id


class JobMoved(Fact):
    """One move of the job along its table. `orchestrator`, the site that runs it, comes with its activation."""

    type: ClassVar[str] = "jobs.job.moved"

    job_id: Id
    spec_id: Id
    status: JobStatus
    at: AwareDatetime
    generation: int | None = None
    orchestrator: str = ""
    engine_job: str = ""
    reason: str = ""
    unexplained: bool = False
    """Its activation ended under it; why is still to be heard."""

    @property
    def key(self) -> str:
        return self.job_id


class JobExplained(Fact):
    """Why a job was cancelled that its activation took along, heard after its end."""

    type: ClassVar[str] = "jobs.job.explained"

    job_id: Id
    spec_id: Id
    reason: str

    @property
    def key(self) -> str:
        return self.job_id


class JobForetold(Fact):
    """A site was heard of the job before its activation took it: kept until it is known whether it may say so."""

    type: ClassVar[str] = "jobs.job.foretold"

    job_id: Id
    spec_id: Id
    observation: JobObserved

    @property
    def key(self) -> str:
        return self.job_id


class JobOrphaned(Fact):
    """
    The activation ended under the job, or after it when the job was to end it.

    An open job is cancelled at `deadline`, unless its agent's last word is still on the way.
    """

    type: ClassVar[str] = "jobs.job.orphaned"

    job_id: Id
    spec_id: Id
    at: AwareDatetime
    deadline: AwareDatetime
    reason: str = ""

    @property
    def key(self) -> str:
        return self.job_id


class JobCancelled(Fact):
    """An actor no longer wants the job. The agent is told by directive."""

    type: ClassVar[str] = "jobs.job.cancelled"

    job_id: Id
    spec_id: Id

    @property
    def key(self) -> str:
        return self.job_id


class JobChanged(Fact):
    """The whole job, after every change."""

    type: ClassVar[str] = "jobs.job.changed"

    job_id: Id
    spec_id: Id
    actor: Person
    status: JobStatus
    steps: tuple[Step, ...]
    generation: int | None = None
    engine_job: str = ""
    reason: str = ""
    payload: Payload = {}
    files: tuple[StoredFile, ...] = ()
    submitted_at: AwareDatetime
    ended_at: AwareDatetime | None = None

    @property
    def key(self) -> str:
        return self.job_id


class ArtifactsStored(Fact):
    """Every result file of the job is kept, content-addressed."""

    type: ClassVar[str] = "jobs.artifacts.stored"

    job_id: Id
    spec_id: Id
    files: tuple[StoredFile, ...]

    @property
    def key(self) -> str:
        return self.job_id


class CommandAccepted(Accepted):
    type: ClassVar[str] = "jobs.command.accepted"


class CommandRefused(Refused):
    type: ClassVar[str] = "jobs.command.refused"


class MessageQuarantined(Quarantined):
    type: ClassVar[str] = "jobs.message.quarantined"


class SubmitJob(Command):
    """
    Run a payload in a spec's activation. The job id is the sender's choice and its idempotency key.

    The same id with the same content is the same job; with other content it is refused.
    """

    type: ClassVar[str] = "jobs.submit"

    job_id: Id
    spec_id: Id
    payload: Annotated[Payload, Field(max_length=64)]
    activate: bool = False
    deactivate: bool = False

    @property
    def key(self) -> str:
        return self.job_id


class CancelJob(Command):
    type: ClassVar[str] = "jobs.cancel"

    job_id: Id

    @property
    def key(self) -> str:
        return self.job_id
