"""Jobs: payloads run inside an activation, and what they leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from pydantic import JsonValue

from fedpact.client import operations
from fedpact.client.downloads import downloaded
from fedpact.client.errors import InputError, JobEndedError, TimedOutError
from fedpact.client.messages import Request
from fedpact.client.pages import every
from fedpact.client.steps import Flow, Telling
from fedpact.client.tables import html_of
from fedpact.client.texts import clean
from fedpact.client.verbs import H, Noun, series, verb
from fedpact.client.waiting import Waiting, wait
from fedpact.contracts.api import ArtifactsView, JobPage, JobQuery, JobSummary, JobView, MetricsView, NewJob
from fedpact.contracts.jobs import JobStatus

Payload = Mapping[str, JsonValue]
TIMEOUT = 3600.0


class Jobs(Noun[H]):
    """`fp.jobs`. What makes a job gives a `Job`, which can be followed; what reads gives data."""

    __slots__ = ()

    @verb
    def submit(
        self,
        spec_id: str,
        payload: Payload,
        *,
        activate: bool = False,
        deactivate: bool = False,
        job_id: str | None = None,
        key: str | None = None,
    ) -> "Flow[Job[H]]":
        """
        Run `payload` in the spec's activation, once however often it is sent with the same `job_id` or `key`.

        `activate` activates the spec first when it has to, `deactivate` ends the activation after the job.
        """
        asked = {"activate": activate, "deactivate": deactivate, "job_id": job_id}
        request = submission(spec_id, payload, self.hub.key(key), {name: said for name, said in asked.items() if said})
        return Job(jobs=self, view=(yield from self.hub.flow(request)))

    @verb
    def get(self, job_id: str) -> Flow[JobView]:
        """How a job stands."""
        return self.hub.flow(operations.job(job_id))

    @verb
    def list(self, query: JobQuery | None = None) -> Flow[JobPage]:
        """One page of the jobs one may see, newest first."""
        return self.hub.flow(operations.jobs(query or JobQuery()))

    @series
    def every(self, query: JobQuery | None = None) -> Telling[JobSummary]:
        """All of them, page after page."""
        return every(lambda asked: self.hub.flow(operations.jobs(asked)), query or JobQuery())

    @verb
    def cancel(self, job_id: str, *, key: str | None = None) -> Flow[JobView]:
        """Stop a job."""
        return self.hub.flow(operations.cancel_job(job_id, self.hub.key(key)))

    @verb
    def wait(self, job_id: str, *, timeout: float = TIMEOUT) -> Flow[JobView]:
        """The job once it completed; `JobEndedError` when it failed or was cancelled."""
        return wait(self.hub, _completion(job_id, timeout))

    @verb
    def metrics(self, job_id: str) -> Flow[MetricsView]:
        """Metrics per round, while it runs and after."""
        return self.hub.flow(operations.metrics(job_id))

    @verb
    def artifacts(self, job_id: str) -> Flow[ArtifactsView]:
        """What the job left."""
        return self.hub.flow(operations.artifacts(job_id))

    @verb
    def download(self, job_id: str, folder: Path | str, *names: str) -> Flow[tuple[Path, ...]]:
        """Save the result files `names`, or all, below `folder`. What does not have its digest is not kept."""
        return downloaded(self.hub, job_id, Path(folder), names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[H]):
    """One job, to follow. `view` is how it stood when this was made; `get` asks again."""

    jobs: Jobs[H]
    view: JobView

    @property
    def hub(self) -> H:
        return self.jobs.hub

    @property
    def id(self) -> str:
        return self.view.job_id

    def __repr__(self) -> str:
        return clean(f"<Job {self.id} {self.view.status}>")

    def _repr_html_(self) -> str:
        return html_of(self.view)

    @verb
    def get(self) -> Flow[JobView]:
        """How it stands now."""
        return self.hub.flow(operations.job(self.id))

    @verb
    def wait(self, *, timeout: float = TIMEOUT) -> Flow[JobView]:
        """The job once it completed; `JobEndedError` when it failed or was cancelled."""
        return wait(self.hub, _completion(self.id, timeout))

    @verb
    def cancel(self) -> Flow[JobView]:
        """Stop it."""
        return self.hub.flow(operations.cancel_job(self.id, self.hub.key()))

    @verb
    def metrics(self) -> Flow[MetricsView]:
        """Metrics per round, while it runs and after."""
        return self.hub.flow(operations.metrics(self.id))

    @verb
    def artifacts(self) -> Flow[ArtifactsView]:
        """What it left."""
        return self.hub.flow(operations.artifacts(self.id))

    @verb
    def download(self, folder: Path | str, *names: str) -> Flow[tuple[Path, ...]]:
        """Save the result files `names`, or all, below `folder`. What does not have its digest is not kept."""
        return downloaded(self.hub, self.id, Path(folder), names)


def submission(spec_id: str, payload: Payload, key: str, said: Mapping[str, object]) -> Request[JobView]:
    """The request that runs `payload`, with what else was said about the job."""
    if not isinstance(payload, Mapping):
        raise InputError(
            f"the payload is a {type(payload).__name__}: give its parameters in a dict, such as {{'rounds': 5}}"
        )
    asked = {"spec_id": spec_id, "payload": dict(payload), **said}
    return operations.submit_job(NewJob.model_validate(asked), key)


def completed(job: JobView) -> bool:
    """Whether the job has its result; raises when it never will."""
    if job.status.final and job.status is not JobStatus.COMPLETED:
        cause = (
            job.reason or next((step.message for step in job.steps if step.status == "failed"), "") or "no cause told"
        )
        raise JobEndedError(f"`{job.job_id}` {_WORD[job.status]}: {cause}: see `fedpact jobs get {job.job_id}`", job)
    return job.status is JobStatus.COMPLETED


_WORD = {JobStatus.FAILED: "failed", JobStatus.CANCELLED: "was cancelled"}


def _completion(job_id: str, timeout: float) -> Waiting[JobView]:
    return Waiting(
        look=operations.job(job_id),
        done=completed,
        late=lambda job: TimedOutError(
            f"`{job_id}` is {job.status} after {timeout:g} s and goes on: `fedpact jobs wait {job_id}` again"
        ),
        told=lambda job: f"job {job_id}: {job.status}",
        timeout=timeout,
    )
