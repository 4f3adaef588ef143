"""Looking for activations that stand idle, at the moments a schedule names. Each document is changed by itself."""

from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.scheduling import ActivationIdled
from fedpact.scheduler.app.kinds import IDLE
from fedpact.scheduler.domain.culling import Culling, Idleness, Sign, SweepPlanned, cull, plan, swept

THE_SWEEP = "sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeps:
    idleness: Aggregates[Idleness]
    cullings: Aggregates[ActivationIdled]
    sweeps: Aggregates[SweepPlanned]
    culling: Culling
    clock: Clock

    async def seen(self, fact: Sign, cause: Cause) -> None:
        """An activation began or ceased to be idle."""
        await self.idleness.change(fact.spec_id, lambda _: [fact], cause)

    async def prepare(self) -> None:
        """Plan the next look, once at the start: the operator may have chosen another schedule."""
        now = self.clock.now()
        await self.sweeps.change(THE_SWEEP, lambda known: plan(known, self.culling, now), Cause(now=now))

    async def tick(self, key: str, cause: Cause) -> None:
        """Look. Whoever crashes half way looks again; what was told then is not told twice."""
        for found in await self.idleness.where(IDLE, IDLE):
            await self._tell(found, cause)
        await self.sweeps.change(key, lambda _: swept(self.culling, cause.now), cause)

    async def _tell(self, found: Idleness, cause: Cause) -> None:
        await self.cullings.change(found.spec_id, lambda told: cull(told, found, self.culling, cause.now), cause)
