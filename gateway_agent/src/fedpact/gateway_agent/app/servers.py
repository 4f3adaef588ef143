"""The FLARE servers of the orchestrator, one at a time: see, plan, do, say, until there is nothing to do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.directives import ServerDirective, Wanted
from fedpact.contracts.workloads import Phase
from fedpact.gateway_agent.app.activations import Launched
from fedpact.gateway_agent.app.kinds import LIVE, YES
from fedpact.gateway_agent.app.lookout import seen_of, strays_of
from fedpact.gateway_agent.app.server_work import STARTS, ServerWork
from fedpact.gateway_agent.domain import workload
from fedpact.gateway_agent.domain.plan import plan_server
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.runs import Run
from fedpact.gateway_agent.domain.steps import (
    Clear,
    End,
    Fail,
    Launch,
    Look,
    SayReady,
    SayStarting,
    SayTrouble,
    Seen,
    ServerSight,
    ServerStep,
    Sweep,
    Wait,
)
from fedpact.gateway_agent.domain.voice import Voice
from fedpact.gateway_agent.domain.wishes import JobWish, ServerWish
from fedpact.gateway_agent.domain.workload import Said, Turn, Workload

LAST_WORDS_SECONDS = 12.0
"""How long a server that is to stop waits for its jobs' last words."""
WORD_SECONDS = 1.0
"""How long it waits to hear that a job is to stop too."""
PASSES = 20
PAUSE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    wishes: Aggregates[ServerWish]
    workloads: Aggregates[Workload]
    runs: Aggregates[Run]
    job_wishes: Aggregates[JobWish]
    work: ServerWork

    async def reconcile(self, key: str) -> float | None:
        """Bring one server to what is wanted; seconds until the next look, if there is to be one."""
        for _ in range(PASSES):
            wish, said = await self.wishes.find(key), await self.workloads.find(key)
            wanted = wish.directive if wish else None
            step = plan_server(wanted, said, await self._sight(key, wanted, said))
            if step is None or isinstance(step, Wait):
                return step.seconds if step else None
            facts, pause = await self._do(key, step, wanted, said)
            await self._say(key, facts)
            if pause is not None and not facts:
                return pause
        return PAUSE

    async def _sight(self, key: str, wanted: ServerDirective | None, said: Workload | None) -> ServerSight:
        view = await self.work.lookout.see()
        strays = strays_of(view, key, said)
        if said is None or said.over:
            return ServerSight(strays=strays)
        launched = self.work.activations.of(said.name).launched
        seen = seen_of(view, said.name)
        waits = launched is not None and said.phase in {Phase.STARTING, Phase.WAITING}
        return ServerSight(
            seen=seen,
            strays=strays,
            launches=launched.launches if launched else 0,
            listening=waits and launched is not None and await self._listens(said.name, launched, seen),
            port_taken=waits and await self.work.journal.port_taken(self.work.home.log(said.name)),
            overdue=launched is not None and self.work.lookout.ticks() - launched.at > self.work.listen_seconds,
            busy=await self._busy(wanted, said),
        )

    async def _listens(self, name: PodName, launched: Launched, seen: Seen | None) -> bool:
        """Asked only where the launcher knows of no trouble: a cluster may accept for a server that is not up yet."""
        runs = seen is not None and seen.runs and seen.trouble is None
        return runs and await self.work.sockets.listening(self.work.host_of(name), launched.joint.port)

    async def _busy(self, wanted: ServerDirective | None, said: Workload) -> bool:
        if wanted is None or wanted.wanted is not Wanted.STOPPED:
            return False
        activation, now = self.work.activations.of(said.name), self.work.lookout.ticks()
        activation.stopping_since = activation.stopping_since or now
        lasts, mine = now - activation.stopping_since, (said.spec_id, said.turn.generation)
        live = [run for run in await self.runs.where(LIVE, YES) if (run.spec_id, run.generation) == mine]
        return any([lasts <= await self._last_words(run) for run in live])

    async def _last_words(self, run: Run) -> float:
        """Seconds that a job has. One that nobody stops runs again elsewhere, unless that word is still on its way."""
        wish = await self.job_wishes.find(f"{run.spec_id}/{run.job_id}")
        wanted = wish is not None and wish.directive.wanted is not Wanted.STOPPED
        return WORD_SECONDS if wanted else LAST_WORDS_SECONDS

    async def _do(
        self, key: str, step: ServerStep, wanted: ServerDirective | None, said: Workload | None
    ) -> tuple[Sequence[Said], float | None]:
        match step:
            case Sweep():
                await asyncio.gather(*(self.work.remove(name) for name in step.names))
                return [], None
            case End():
                ended = self._voice(key, step.turn)
                await self.work.remove(ended.name)
                return [ended.gone()], None
            case Clear() if said:
                await self.work.remove(said.name)
                return [], None
        assert wanted is not None, "every step but ending follows from a directive"
        return await self._forward(self._voice(key, Turn.of(wanted)), step, wanted, said)

    async def _forward(
        self, voice: Voice, step: ServerStep, wanted: ServerDirective, said: Workload | None
    ) -> tuple[Sequence[Said], float | None]:
        match step:
            case Fail():
                return await self.work.fail(voice, step), None
            case Launch():
                return await self.work.launch(voice, wanted), None
            case SayStarting():
                return [voice.moved(Phase.STARTING, STARTS)], None
            case SayTrouble():
                return [voice.troubled(step.trouble)], None
            case SayReady():
                return self.work.say_ready(voice), None
            case Look():
                return await self.work.look(voice, wanted, connected=said is not None and said.connected)
        return [], None

    async def _say(self, key: str, facts: Sequence[Said]) -> None:
        if facts:
            cause = Cause(now=self.work.clock.now())
            await self.workloads.change(key, lambda said: workload.news(said, facts), cause)

    def _voice(self, key: str, turn: Turn) -> Voice:
        return Voice(gateway=self.work.home.gateway, key=key, turn=turn)
