"""Jobs: payloads run inside an activation, and what they leave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from pydantic import JsonValue

from fedpact.client import operations
from fedpact.client.errors import InputError, JobEndedError, TimedOutError, UnreachableError
from fedpact.client.flows import until
from fedpact.client.hub import Hub
from fedpact.contracts.api import (
    ArtifactsView,
    ArtifactView,
    JobPage,
    JobQuery,
    JobSummary,
    JobView,
    MetricsView,
    NewJob,
)
from fedpact.contracts.jobs import JobStatus

Payload = Mapping[str, JsonValue]
PAGE = 200
TIMEOUT = 3600.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """`fp.jobs`."""

    hub: Hub

    def submit(
        self,
        spec_id: str,
        payload: Payload,
        *,
        activate: bool = False,
        deactivate: bool = False,
        job_id: str | None = None,
        key: str | None = None,
    ) -> JobView:
        """
        Run `payload` in the spec's activation, once however often it is sent with the same `job_id` or `key`.

        `activate` activates the spec first when it has to, `deactivate` ends the activation after the job.
        """
        asked: dict[str, object] = {"spec_id": spec_id, "payload": dict(payload)}
        asked |= {"activate": True} if activate else {}
        asked |= {"deactivate": True} if deactivate else {}
        asked |= {"job_id": job_id} if job_id else {}
        return self.hub.call(operations.submit_job(NewJob.model_validate(asked), self.hub.key(key)))

    def get(self, job_id: str) -> JobView:
        return self.hub.call(operations.job(job_id))

    def list(self, query: JobQuery | None = None) -> JobPage:
        """One page of the jobs one may see, newest first."""
        return self.hub.call(operations.jobs(query or JobQuery()))

    def every(self, query: JobQuery | None = None) -> Iterator[JobSummary]:
        """All of them, page after page."""
        asked = (query or JobQuery()).model_copy(update={"page": 0, "page_size": PAGE})
        while True:
            page = self.list(asked)
            yield from page.items
            if not page.items or (asked.page + 1) * PAGE >= page.total:
                return
            asked = asked.model_copy(update={"page": asked.page + 1})

    def cancel(self, job_id: str, *, key: str | None = None) -> JobView:
        return self.hub.call(operations.cancel_job(job_id, self.hub.key(key)))

    def wait(self, job_id: str, *, timeout: float = TIMEOUT) -> JobView:
        """The job once it completed; `JobEndedError` when it failed or was cancelled."""
        return self.hub.run(
            until(
                lambda: self.hub.flow(operations.job(job_id)),
                completed,
                lambda job: TimedOutError(
                    f"`{job_id}` is {job.status} after {timeout:g} s and goes on: `fedpact jobs wait {job_id}` again"
                ),
                elapsed=self.hub.clock.elapsed,
                timeout=timeout,
            )
        )

    def metrics(self, job_id: str) -> MetricsView:
        """Metrics per round, while it runs and after."""
        return self.hub.call(operations.metrics(job_id))

    def artifacts(self, job_id: str) -> ArtifactsView:
        """What the job left."""
        return self.hub.call(operations.artifacts(job_id))

    def download(self, job_id: str, folder: Path | str, *names: str) -> tuple[Path, ...]:
        """Save the result files `names`, or all, below `folder`. What does not have its digest is not kept."""
        items = self.artifacts(job_id).items
        if missing := set(names) - {item.name for item in items}:
            raise InputError(
                f"`{job_id}` has no result file {', '.join(f'`{name}`' for name in sorted(missing))}:"
                f" `fedpact jobs artifacts {job_id}` lists them"
            )
        return tuple(self._save(job_id, item, Path(folder)) for item in items if not names or item.name in names)

    def _save(self, job_id: str, item: ArtifactView, folder: Path) -> Path:
        target = folder / inside(item.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        found = sha256()
        try:
            with self.hub.stream(operations.artifact_path(job_id, item.name)) as response, part.open("wb") as file:
                for chunk in response.iter_bytes():
                    found.update(chunk)
                    file.write(chunk)
            if f"sha256:{found.hexdigest()}" != item.digest:
                raise UnreachableError(f"`{item.name}` arrived with another content than was stored: download it again")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target


@dataclass(frozen=True, slots=True)
class Job:
    """One job, to follow."""

    jobs: Jobs
    id: str

    @property
    def view(self) -> JobView:
        """How it stands now."""
        return self.jobs.get(self.id)

    def wait(self, *, timeout: float = TIMEOUT) -> JobView:
        return self.jobs.wait(self.id, timeout=timeout)

    def cancel(self) -> JobView:
        return self.jobs.cancel(self.id)

    def metrics(self) -> MetricsView:
        return self.jobs.metrics(self.id)

    def artifacts(self) -> ArtifactsView:
        return self.jobs.artifacts(self.id)

    def download(self, folder: Path | str, *names: str) -> tuple[Path, ...]:
        return self.jobs.download(self.id, folder, *names)


def completed(job: JobView) -> bool:
    """Whether the job has its result; raises when it never will."""
    if job.status.final and job.status is not JobStatus.COMPLETED:
        cause = (
            job.reason or next((step.message for step in job.steps if step.status == "failed"), "") or "no cause told"
        )
        raise JobEndedError(f"`{job.job_id}` {_WORD[job.status]}: {cause}: see `fedpact jobs get {job.job_id}`", job)
    return job.status is JobStatus.COMPLETED


_WORD = {JobStatus.FAILED: "failed", JobStatus.CANCELLED: "was cancelled"}


def inside(name: str) -> Path:
    """The name of a result file as a path that cannot leave the folder it is saved in."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or any(part == ".." or "\\" in part or ":" in part for part in path.parts):
        raise InputError(f"the result file `{name}` would be saved outside the folder: tell the hub's operator")
    return Path(*path.parts)
