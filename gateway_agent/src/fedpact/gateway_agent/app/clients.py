"""The FLARE clients of one gateway, one at a time: see, plan, do, say, until there is nothing to do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.directives import ParticipantDirective, Wanted
from fedpact.contracts.workloads import Phase
from fedpact.gateway_agent.app.client_work import STARTS, ClientWork
from fedpact.gateway_agent.app.lookout import seen_of, strays_of
from fedpact.gateway_agent.domain import workload
from fedpact.gateway_agent.domain.plan import plan_client
from fedpact.gateway_agent.domain.steps import (
    Clear,
    ClientSight,
    ClientStep,
    End,
    Fail,
    Launch,
    Open,
    Permit,
    Prepare,
    Refusal,
    Renew,
    SayReady,
    SayStarting,
    SayTrouble,
    Sweep,
    Wait,
)
from fedpact.gateway_agent.domain.voice import Voice
from fedpact.gateway_agent.domain.wishes import ParticipantWish
from fedpact.gateway_agent.domain.workload import Said, Turn, Workload

CHECKED = frozenset({Phase.PREPARED, Phase.WAITING, Phase.STARTING, Phase.READY})
"""Phases in which the permit must still hold."""


PASSES = 20
PAUSE = 1.0
"""Seconds before the next try, when this many steps in a row did not get anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    wishes: Aggregates[ParticipantWish]
    workloads: Aggregates[Workload]
    work: ClientWork
    clock: Clock

    async def reconcile(self, key: str) -> float | None:
        """Bring one participant to what is wanted; seconds until the next look, if there is to be one."""
        for _ in range(PASSES):
            wish, said = await self.wishes.find(key), await self.workloads.find(key)
            wanted = wish.directive if wish else None
            step = plan_client(wanted, said, await self._sight(key, wanted, said))
            if step is None or isinstance(step, Wait):
                return step.seconds if step else None
            facts = await self._do(key, step, wanted, said)
            if facts:
                cause = Cause(now=self.clock.now())
                await self.workloads.change(key, lambda now, facts=facts: workload.news(now, facts), cause)  # type: ignore[misc]

        return PAUSE

    async def _sight(self, key: str, wanted: ParticipantDirective | None, said: Workload | None) -> ClientSight:
        work, view = self.work, await self.work.lookout.see()
        permit = await work.admission.permit(key)
        sight = ClientSight(
            strays=strays_of(view, key, said),
            permit=permit,
            declined=work.declined.get(key),
            opened=permit is not None and work.opened.get(key) == permit.grant,
            launches=work.launches.get(key, 0),
        )
        ends = wanted is None or wanted.wanted is Wanted.STOPPED
        objection = None if ends else await self._objection(said, permit)
        return await self._sight_of(said, replace(sight, objection=objection)) if said else sight

    async def _sight_of(self, said: Workload, sight: ClientSight) -> ClientSight:
        work, log = self.work, self.work.home.log(said.name)
        starts = said.phase in {Phase.STARTING, Phase.WAITING}
        return replace(
            sight,
            seen=seen_of(await work.lookout.see(), said.name),
            registered=starts and await work.journal.registered(log),
            port_taken=starts and await work.journal.port_taken(log),
        )

    async def _objection(self, said: Workload | None, permit: Permit | None) -> Refusal | None:
        """What is to end is not asked about: a trust folder that cannot be read must not keep it alive."""
        if said is None or permit is None or permit.turn != said.turn or said.phase not in CHECKED:
            return None
        return await self.work.admission.objection(permit)

    async def _do(
        self, key: str, step: ClientStep, wanted: ParticipantDirective | None, said: Workload | None
    ) -> Sequence[Said]:
        match step:
            case Sweep():
                await asyncio.gather(*(self.work.remove(name) for name in step.names))
                return []
            case End():
                ended = self._voice(key, step.turn)
                await self.work.clear(ended)
                return [ended.gone()]
            case Clear() if said:
                await self.work.clear(self._voice(key, said.turn))
                return []
        assert wanted is not None, "every step but ending follows from a directive"
        return await self._forward(self._voice(key, Turn.of(wanted)), step, wanted)

    async def _forward(self, voice: Voice, step: ClientStep, wanted: ParticipantDirective) -> Sequence[Said]:
        match step:
            case Fail():
                return await self.work.fail(voice, step)
            case Prepare():
                return await self.work.prepare(voice, wanted)
            case Renew():
                return await self.work.renew(voice, wanted, step)
            case Open():
                return await self.work.tell(voice)
            case Launch():
                return await self.work.launch(voice, wanted)
            case SayStarting():
                return [voice.moved(Phase.STARTING, STARTS)]
            case SayTrouble():
                return [voice.troubled(step.trouble)]
            case SayReady():
                return [voice.moved(Phase.READY, "registered with the FLARE server")]
        return []

    def _voice(self, key: str, turn: Turn) -> Voice:
        return Voice(gateway=self.work.home.gateway, key=key, turn=turn)
