"""Jobs, their metrics and what they leave, in the HTTP API."""

from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from fedpact.contracts.api.artifacts import ArtifactView
from fedpact.contracts.api.common import CreatorView, Page, PageQuery
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import Id
from fedpact.contracts.jobs import JobStatus, Step
from fedpact.contracts.specs import Payload


class JobQuery(PageQuery):
    spec: Id | None = None
    status: JobStatus | None = None


class NewJob(Strict):
    """`job_id` is the sender's choice and its idempotency key; left out, one is made."""

    job_id: Id | None = None
    spec_id: Id
    payload: Annotated[Payload, Field(max_length=64)]
    activate: bool = False
    deactivate: bool = False


class JobSummary(Model):
    job_id: Id
    spec_id: Id
    creator: CreatorView
    status: JobStatus
    submitted_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class ArtifactsView(Model):
    job_id: Id
    stored: bool
    items: tuple[ArtifactView, ...]


class JobView(JobSummary):
    steps: tuple[Step, ...]
    generation: int | None = None
    engine_job: str = ""
    reason: str = ""
    payload: dict[str, JsonValue] = {}
    artifacts: tuple[ArtifactView, ...] = ()


class MetricPoint(Model):
    gateway: Id
    round: int
    metrics: dict[str, float]
    at: AwareDatetime


class MetricsView(Model):
    job_id: Id
    points: tuple[MetricPoint, ...]


JobPage = Page[JobSummary]
