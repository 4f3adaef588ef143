"""A job as this service keeps it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fedpact.contracts.jobs import JobStatus, Step, StoredFile
from fedpact.contracts.pact import Person
from fedpact.contracts.specs import Payload
from fedpact.contracts.workloads import JobObserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One payload run inside an activation."""

    id: str
    spec_id: str
    actor: Person
    payload: Payload
    activate: bool
    deactivate: bool
    submitted_at: datetime
    steps: tuple[Step, ...]
    status: JobStatus = JobStatus.CREATED
    generation: int | None = None
    """Of the activation that took it; `None` as long as none has."""
    orchestrator: str = ""
    """The site that runs it: the only one that may observe it and store its results."""
    foretold: Mapping[str, JobObserved] = field(default_factory=dict)
    """Site -> what it said before it was known whether it runs the job."""
    engine_job: str = ""
    reason: str = ""
    unexplained: bool = False
    """Its activation ended under it, and why is still to be heard."""
    cancelling: bool = False
    deadline: datetime | None = None
    """Set when the activation ended under it: the moment it counts as cancelled."""
    ended_at: datetime | None = None
    stored: bool = False
    files: tuple[StoredFile, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether the end of the activation no longer matters to it."""
        open_steps = any(step.status == "running" for step in self.steps)
        return self.status.final and not open_steps and not self.unexplained
