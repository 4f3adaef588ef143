"""The jobs of the orchestrator, one at a time: see, plan, do, say, until the last word is said."""

from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.directives import JobDirective, Wanted
from fedpact.contracts.ids import SERVER
from fedpact.contracts.workloads import JobObserved, Phase
from fedpact.gateway_agent.app.job_work import JobWork, observed
from fedpact.gateway_agent.domain import runs
from fedpact.gateway_agent.domain.pods import server_of
from fedpact.gateway_agent.domain.runs import (
    Abort,
    Later,
    Poll,
    Run,
    RunSight,
    RunStep,
    SayEnded,
    Store,
    Submit,
    plan_run,
)
from fedpact.gateway_agent.domain.wishes import JobWish, ServerWish
from fedpact.gateway_agent.domain.workload import Turn, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    wishes: Aggregates[JobWish]
    runs: Aggregates[Run]
    server_wishes: Aggregates[ServerWish]
    workloads: Aggregates[Workload]
    work: JobWork

    async def reconcile(self, key: str) -> float | None:
        """Bring one job further; seconds until the next look, if there is to be one."""
        while True:
            wish, run = await self.wishes.find(key), await self.runs.find(key)
            if wish is None:
                return None
            wanted = wish.directive
            step = plan_run(wanted, run, await self._sight(wanted, run))
            if step is None or isinstance(step, Later):
                return await self._rest(wanted, step)
            facts = await self._do(step, wanted, run)
            told = await self._say(key, facts)
            if isinstance(step, Poll) and facts and not told:
                return self.work.pause(wanted, run)

    async def _rest(self, wanted: JobDirective, step: Later | None) -> float | None:
        if step is None:
            await self.work.parcels.forget(wanted.job_id)
        return step.seconds if step else None

    async def _sight(self, wanted: JobDirective, run: Run | None) -> RunSight:
        activation = self.work.activations.of(server_of(wanted.spec_id, wanted.generation))
        server = await self.workloads.find(f"{wanted.spec_id}/{SERVER}")
        ready = server is not None and server.phase is Phase.READY and server.turn == Turn.of(wanted)
        return RunSight(
            outcome=await self.work.parcels.sealed(wanted.job_id),
            session=ready,
            ended=await self._ended(wanted, server),
            lost=run is not None and run.engine_job in activation.lost,
        )

    async def _ended(self, wanted: JobDirective, server: Workload | None) -> bool:
        wish = await self.server_wishes.find(f"{wanted.spec_id}/{SERVER}")
        if wish is None:
            return False
        turn, server_turn = Turn.of(wanted), Turn.of(wish.directive)
        if server_turn != turn:
            return server_turn > turn
        failed = server is not None and server.turn == turn and server.phase in {Phase.FAILED, Phase.GONE}
        return failed or wish.directive.wanted is Wanted.STOPPED

    async def _do(self, step: RunStep, wanted: JobDirective, run: Run | None) -> Sequence[JobObserved]:
        match step:
            case Submit():
                return await self.work.submit(wanted)
            case Store():
                return await self.work.store(wanted, step.outcome)
            case SayEnded():
                last = observed(self.work.home, wanted, step.phase, reason=step.reason)
                return [last.model_copy(update={"with_activation": step.with_activation})]
            case Poll() if run:
                return await self.work.poll(wanted, run)
            case Abort() if run:
                return await self.work.abort(wanted, run, step)
        return []

    async def _say(self, key: str, facts: Sequence[JobObserved]) -> Sequence[object]:
        if not facts:
            return []
        cause = Cause(now=self.work.clock.now())
        return await self.runs.change(key, lambda run: [new for one in facts for new in runs.news(run, one)], cause)
