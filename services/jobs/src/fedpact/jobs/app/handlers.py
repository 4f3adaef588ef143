"""Load, decide, save."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Order
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced, ActivationStopping, JobOpened, JobRefused
from fedpact.contracts.workloads import JobObserved
from fedpact.jobs.app.pacts import Pacts
from fedpact.jobs.app.ports import Placements, Stoppings
from fedpact.jobs.domain import lifecycle, submission
from fedpact.jobs.domain.errors import NotApprovedError, PayloadError, UnknownSpecError
from fedpact.jobs.domain.model import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    jobs: Aggregates[Job]
    pacts: Pacts
    placements: Placements
    stoppings: Stoppings
    grace: timedelta
    """How long an orphaned job waits for its agent's last word."""
    waits: Sequence[float] = (0.05, 0.1, 0.2)
    """Pauses, in seconds, for a spec or its approval that was told a moment ago and is still on its way here."""

    async def submit(self, order: Order[SubmitJob], cause: Cause) -> None:
        """Somebody wants a payload run."""
        for pause in self.waits:
            try:
                return await self._submit(order, cause)
            except (UnknownSpecError, NotApprovedError, PayloadError):
                await asyncio.sleep(pause)
        return await self._submit(order, cause)

    async def cancel(self, order: Order[CancelJob], cause: Cause) -> None:
        """Somebody no longer wants it."""
        await self.jobs.change(order.command.key, lambda job: lifecycle.cancelled(job, order), cause)

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

    async def stopping(self, fact: ActivationStopping, cause: Cause) -> None:
        """The activation is being ended, and why."""
        await self.stoppings.keep(fact, cause)
        for known in await self.jobs.where("unsettled", fact.spec_id):
            await self.jobs.change(known.id, lambda job: lifecycle.explained(job, fact), cause)

    async def ended(self, fact: ActivationEnded, cause: Cause) -> None:
        """The activation is over, and with it its jobs."""
        for known in await self.jobs.where("unsettled", fact.spec_id):
            await self.jobs.change(known.id, lambda job: lifecycle.ended(job, fact, self.grace, cause.now), cause)

    async def observed(self, fact: JobObserved, cause: Cause) -> None:
        """A site saw the job move."""
        stopping = await self.stoppings.find(fact.spec_id) if fact.with_activation else None
        why = stopping.cause if stopping and stopping.generation == fact.generation else ""
        await self.jobs.change(fact.job_id, lambda job: lifecycle.observed(job, fact, cause.now, why), cause)

    async def tick(self, key: str, cause: Cause) -> None:
        """Nobody said how an orphaned job ended."""
        await self.jobs.change(key, lambda job: lifecycle.overdue(job, cause.now), cause)

    async def _submit(self, order: Order[SubmitJob], cause: Cause) -> None:
        pact = await self.pacts.find(order.command.spec_id)
        await self.jobs.change(order.command.key, lambda job: submission.submitted(job, order, pact), cause)
