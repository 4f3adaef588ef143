"""Load, decide, save."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Order
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced, JobOpened, JobRefused, SpecCreated
from fedpact.contracts.workloads import JobObserved
from fedpact.jobs.app.ports import Placements, Specs
from fedpact.jobs.domain import lifecycle
from fedpact.jobs.domain.model import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    jobs: Aggregates[Job]
    specs: Specs
    placements: Placements
    grace: timedelta
    """How long an orphaned job waits for its agent's last word."""
    waits: Sequence[float] = (0.05, 0.1, 0.2)
    """Pauses, in seconds, for a spec that was made a moment ago and is still on its way here."""

    async def submit(self, order: Order[SubmitJob], cause: Cause) -> None:
        """Somebody wants a payload run."""
        spec = await self._spec(order.command.spec_id)
        await self.jobs.change(order.command.key, lambda job: lifecycle.submitted(job, order, spec), cause)

    async def cancel(self, order: Order[CancelJob], cause: Cause) -> None:
        """Somebody no longer wants it."""
        await self.jobs.change(order.command.key, lambda job: lifecycle.cancelled(job, order), cause)

    async def created(self, fact: SpecCreated, cause: Cause) -> None:
        """A spec that jobs may be submitted to."""
        await self.specs.keep(fact, cause)

    async def placed(self, fact: ActivationPlaced, cause: Cause) -> None:
        """Which orchestrator runs the jobs of the activation."""
        await self.placements.keep(fact, cause)

    async def opened(self, fact: JobOpened, cause: Cause) -> None:
        """The activation took the job."""
        placed = await self.placements.find(fact.spec_id)
        orchestrator = placed.orchestrator if placed and placed.generation == fact.generation else ""
        await self.jobs.change(fact.job_id, lambda job: lifecycle.opened(job, fact, orchestrator, cause.now), cause)

    async def refused(self, fact: JobRefused, cause: Cause) -> None:
        """The activation cannot take the job."""
        await self.jobs.change(fact.job_id, lambda job: lifecycle.refused(job, fact, cause.now), cause)

    async def ended(self, fact: ActivationEnded, cause: Cause) -> None:
        """The activation is over, and with it its jobs."""
        for known in await self.jobs.where("unsettled", fact.spec_id):
            await self.jobs.change(known.id, lambda job: lifecycle.ended(job, fact, self.grace, cause.now), cause)

    async def observed(self, fact: JobObserved, cause: Cause) -> None:
        """A site saw the job move."""
        await self.jobs.change(fact.job_id, lambda job: lifecycle.observed(job, fact, cause.now), cause)

    async def tick(self, key: str, cause: Cause) -> None:
        """Nobody said how an orphaned job ended."""
        await self.jobs.change(key, lambda job: lifecycle.overdue(job, cause.now), cause)

    async def _spec(self, spec_id: str) -> SpecCreated | None:
        for pause in self.waits:
            if found := await self.specs.find(spec_id):
                return found
            await asyncio.sleep(pause)
        return await self.specs.find(spec_id)
