"""
What each step does to a job. Every one may be done twice, and be broken off anywhere.

FLARE takes a job under a token that is the job's id, so submitting again finds it; a rendered job is kept, so that it
is the same content the second time. What a job writes and leaves is its model's own: whatever is wrong with it costs
metrics or results, and never the job's last word.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.contracts.directives import JobDirective, Wanted
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.telemetry import MetricsReported
from fedpact.contracts.workloads import JobObserved, JobPhase
from fedpact.gateway_agent.app.activations import Activation, Activations
from fedpact.gateway_agent.app.doors import Gauges, Models, Parcels, Renderers, Round, Telemetry
from fedpact.gateway_agent.app.home import Home
from fedpact.gateway_agent.app.ports import EngineJob, Federation, Session
from fedpact.gateway_agent.domain.engine import is_final, is_unanswered, phase_of
from fedpact.gateway_agent.domain.errors import (
    JobRefusedError,
    JobUnknownError,
    RenderRefusedError,
    ResultsRefusedError,
    SiteRefusedError,
    UnreachableError,
)
from fedpact.gateway_agent.domain.pods import PodName, place_of, server_of
from fedpact.gateway_agent.domain.runs import Abort, Outcome, Run, pause
from fedpact.secure_runtime.domain.errors import RenderError
from fedpact.secure_runtime.domain.rendered import check_rendered

log = logging.getLogger(__name__)
NEWS_SECONDS = 30.0
"""How long the news may take that a site's client has ended: from its launcher by the hub to here."""
REFUSALS = (RenderRefusedError, RenderError, JobRefusedError, SiteRefusedError)
"""What ends a job with a text for the one who sent it."""

Read = Callable[[int], Awaitable[tuple[Sequence[Round], int]]]
"""Metrics from a byte on, and where to go on."""


@dataclass(slots=True, kw_only=True)
class JobWork:
    """The hands of `Jobs`. `deadline` is how many seconds the results of a job may take to be stored."""

    home: Home
    activations: Activations
    federation: Federation
    renderers: Renderers
    models: Models
    parcels: Parcels
    gauges: Gauges
    telemetry: Telemetry
    clock: Clock
    ticks: Callable[[], float]
    deadline: float

    async def submit(self, wanted: JobDirective) -> Sequence[JobObserved]:
        """Have FLARE take the job, or say why there is none to take."""
        server = server_of(wanted.spec_id, wanted.generation)
        try:
            folder = await self._rendered(server, wanted)
            async with self._speaking(server) as session:
                engine_job = await session.submit(folder, wanted.job_id)
        except REFUSALS as refusal:
            where = f"`{refusal.path}`: " if refusal.path else ""
            return [observed(self.home, wanted, JobPhase.FAILED, reason=f"{where}{refusal.reason}")]
        return [observed(self.home, wanted, JobPhase.SUBMITTED, engine_job=engine_job)]

    async def poll(self, wanted: JobDirective, run: Run) -> Sequence[JobObserved]:
        """What FLARE says of the job now. The results of one that ended are fetched, and nothing is said yet."""
        activation = self._activation(wanted)
        try:
            async with self._speaking(activation.server) as session:
                job = await session.job(run.engine_job)
                place = place_of(self.home.folder, activation.server)
                await self._measured(wanted, run.engine_job, partial(self.gauges.rounds, place, run.engine_job))
                return await self._after(activation, wanted, session, job)
        except JobUnknownError:
            reason = "the FLARE server does not know the job any more; submit it again"
            return [observed(self.home, wanted, JobPhase.FAILED, reason=reason)]

    def pause(self, wanted: JobDirective, run: Run | None) -> float:
        """Seconds until it is worth asking again."""
        since = self._activation(wanted).watched.setdefault(run.engine_job if run else "", self.ticks())
        return pause(self.ticks() - since)

    async def abort(self, wanted: JobDirective, run: Run, step: Abort) -> Sequence[JobObserved]:
        """End it. What had ended by itself before keeps its results."""
        activation = self._activation(wanted)
        with suppress(JobUnknownError):
            async with self._speaking(activation.server) as session:
                job = await session.job(run.engine_job)
                if is_final(job.status):
                    return await self._after(activation, wanted, session, job)
                await session.abort(run.engine_job)
        activation.statuses.pop(run.engine_job, None)
        last = observed(self.home, wanted, JobPhase.CANCELLED, reason=step.reason)
        return [last.model_copy(update={"with_activation": step.with_activation})]

    async def store(self, wanted: JobDirective, outcome: Outcome) -> Sequence[JobObserved]:
        """Have the results kept; the last word says when they could not be."""
        lost, failure = "", await failure_of(self.parcels.store(wanted.spec_id, wanted.job_id))
        if isinstance(failure, ResultsRefusedError):
            lost = failure.reason
        elif failure:
            if await self.parcels.since(wanted.job_id) < self.deadline:
                raise failure
            lost = f"they could not be stored in {self.deadline:g} s: {_told(failure)}"
        reason = "; ".join(filter(None, [outcome.reason, f"the results are lost: {lost}" if lost else ""]))
        last = observed(self.home, wanted, outcome.phase, engine_job=outcome.engine_job, reason=reason)
        return [last.model_copy(update={"results_lost": bool(lost)})]

    async def _after(
        self, activation: Activation, wanted: JobDirective, session: Session, job: EngineJob
    ) -> Sequence[JobObserved]:
        phase = phase_of(job.status)
        if not is_final(job.status):
            activation.statuses[job.id] = job.status
            return [observed(self.home, wanted, phase, engine_job=job.id)]
        wanted_still = wanted.wanted is not Wanted.STOPPED
        if wanted_still and is_unanswered(job.status, job.reason) and self._may_be_killed(activation, job):
            return [observed(self.home, wanted, JobPhase.SUBMITTED, engine_job=job.id)]
        activation.statuses.pop(job.id, None)
        if phase is JobPhase.CANCELLED:
            return [observed(self.home, wanted, phase, engine_job=job.id, reason=job.reason)]
        return await self._fetch(
            activation, wanted, session, Outcome(phase=phase, engine_job=job.id, reason=job.reason)
        )

    def _may_be_killed(self, activation: Activation, job: EngineJob) -> bool:
        """Whether its silent site may yet turn out to be gone: then the activation ends, and the job runs again."""
        return self.ticks() - activation.unanswered.setdefault(job.id, self.ticks()) < NEWS_SECONDS

    async def _fetch(
        self, activation: Activation, wanted: JobDirective, session: Session, outcome: Outcome
    ) -> Sequence[JobObserved]:
        """Nothing is said while the results are on their way; they are given up when FLARE will not hand them out."""
        began = activation.fetching.setdefault(outcome.engine_job, self.ticks())
        failure = await failure_of(self._seal(wanted, session, outcome))
        if failure is None:
            return []
        if isinstance(failure, UnreachableError) or self.ticks() - began < self.deadline:
            raise failure
        reason = "; ".join(filter(None, [outcome.reason, f"the results are lost: {_told(failure)}"]))
        last = observed(self.home, wanted, outcome.phase, engine_job=outcome.engine_job, reason=reason)
        return [last.model_copy(update={"results_lost": True})]

    async def _seal(self, wanted: JobDirective, session: Session, outcome: Outcome) -> None:
        folder = await session.download(outcome.engine_job, self.parcels.inbox(wanted.job_id))
        await self._measured(wanted, outcome.engine_job, partial(self.gauges.rest, folder))
        await self.parcels.seal(wanted.job_id, folder, outcome)

    async def _rendered(self, server: PodName, wanted: JobDirective) -> Path:
        known = await self.parcels.job(server, wanted.job_id)
        if known:
            return known
        model = await self.models.find(wanted.model)
        await self.renderers.start(server, model)
        files = await self.renderers.render(
            server, wanted.job_id, wanted.payload, sites=wanted.datasets, bounds=wanted.bounds
        )
        checked = check_rendered(files, sites=wanted.sites, components=model.components)
        return await self.parcels.write_job(server, wanted.job_id, checked)

    async def _measured(self, wanted: JobDirective, engine_job: str, read: Read) -> None:
        failure = await failure_of(self._pass_on(wanted, engine_job, read))
        if failure:
            log.warning("metrics were lost", extra={"key": wanted.job_id, "reason": type(failure).__name__})

    async def _pass_on(self, wanted: JobDirective, engine_job: str, read: Read) -> None:
        told = self._activation(wanted).told
        rounds, told[engine_job] = await read(told.get(engine_job, 0))
        for one in rounds:
            report = MetricsReported(
                gateway=self.home.gateway,
                spec_id=wanted.spec_id,
                job_id=wanted.job_id,
                round=one.number,
                metrics=dict(one.metrics),
                at=self.clock.now(),
            )
            await self.telemetry.tell(report)

    def _activation(self, wanted: JobDirective) -> Activation:
        return self.activations.of(server_of(wanted.spec_id, wanted.generation))

    def _speaking(self, server: PodName) -> AbstractAsyncContextManager[Session]:
        return self.activations.of(server).speaking(self.federation, self.home.folder)


def observed(
    home: Home, wanted: JobDirective, phase: JobPhase, *, engine_job: str = "", reason: str = ""
) -> JobObserved:
    """What is said of a job."""
    return JobObserved(
        gateway=home.gateway,
        spec_id=wanted.spec_id,
        generation=wanted.generation,
        job_id=wanted.job_id,
        attempt=wanted.attempt,
        phase=phase,
        engine_job=engine_job,
        reason=reason,
    )


def _told(failure: Exception) -> str:
    """What the hub may be told of it: others' words may name places of this machine."""
    match failure:
        case DomainError():
            return failure.reason
        case UnavailableError():
            return str(failure)
        case _:
            return type(failure).__name__
