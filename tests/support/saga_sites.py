"""Sites that answer directives as their script says: willing, refusing, failing, silent, or back without their store."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from saga_bus import Desk, Pausing, Process, Streams, pause

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.deliveries import Delivery
from fedpact.chassis.relay import Relay
from fedpact.contracts.directives import JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.pact import Resources
from fedpact.contracts.workloads import Cause as Why
from fedpact.contracts.workloads import (
    GatewaySpoke,
    InventoryTaken,
    JobObserved,
    JobPhase,
    ParticipantAccepted,
    ParticipantChanged,
    ParticipantFact,
    ParticipantGone,
    ParticipantRefused,
    Phase,
    Presence,
    ServerReady,
    SitesConnected,
)
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.handlers import Handlers
from fedpact.gateway_agent.domain import runs, workload
from fedpact.gateway_agent.domain.workload import Said, Turn, Workload

Pod = tuple[str, int, str]
"""Spec, generation, participant."""


@dataclass
class Ground:
    """What really runs, everywhere; and how the dice fall."""

    chance: Callable[[float], bool]
    pods: dict[Pod, str] = field(default_factory=dict)


class Site:
    """One gateway, or the orchestrator."""

    def __init__(self, name: str, clock: FakeClock, streams: Streams, ground: Ground) -> None:
        self.name, self.clock, self.ground = name, clock, ground
        self.epoch = 0
        self.totals = Resources(cpu=4, memory=40_000)
        self.streams = streams
        self._begin()
        self.process = Process(
            name=name,
            clock=clock,
            streams=streams,
            desk=self._desk(),
            loops={"relay": self._relay, "work": self._work},
            gated=frozenset({"work"}),
        )

    def lose_store(self) -> None:
        """The site begins anew, knowing nothing; its processes go on until it sees them."""
        self.epoch += 1
        self._begin()
        self.process.desk = self._desk()
        self.process.crash()

    def lose_power(self) -> None:
        """Every process of the site is gone."""
        self.ground.pods = {pod: site for pod, site in self.ground.pods.items() if site != self.name}
        self.process.crash()

    async def speak(self) -> GatewaySpoke:
        """Say what the site allots."""
        role: Any = "orchestrator" if self.name.startswith("hub") else "gateway"
        spoke = GatewaySpoke(gateway=self.name, role=role, totals=self.totals, version="1")
        await self.sites.change(self.name, lambda _: [spoke], Cause(now=self.clock.now()))
        return spoke

    async def count(self) -> None:
        """Say everything that is there."""
        heard_at = self.handlers.heard_at
        said = {one.name: one.phase for one in await self.workloads.where(kinds.LIVE, kinds.YES)}
        there = {(n.spec_id, n.generation, n.participant): phase for n, phase in said.items()}
        there |= {pod: Phase.READY for pod in self._mine() if pod not in there}
        present = tuple(Presence(spec_id=s, generation=g, participant=p, phase=f) for (s, g, p), f in there.items())
        now = self.clock.now()
        taken = InventoryTaken(gateway=self.name, present=present, applied=0, heard_at=heard_at, taken_at=now)
        await self.sites.change(self.name, lambda before: [taken] if before else [], Cause(now=now))

    def _begin(self) -> None:
        self.workloads = Stored(Pausing(self.epoch), kinds.workloads(self.name))
        self.runs = Stored(Pausing(self.epoch), kinds.jobs(self.name))
        self.sites = Stored(Pausing(self.epoch), kinds.sites(self.name))
        self.clients = Stored(Pausing(), kinds.PARTICIPANT_WISHES)
        self.servers = Stored(Pausing(), kinds.SERVER_WISHES)
        self.jobs = Stored(Pausing(), kinds.JOB_WISHES)

    def _desk(self) -> Desk:
        self.handlers = Handlers(
            gateway=self.name, participants=self.clients, servers=self.servers, jobs=self.jobs, call=lambda _: None
        )
        desk = Desk(self._is_mine)
        desk.on(ParticipantDirective, self.handlers.participant)
        desk.on(ServerDirective, self.handlers.server)
        desk.on(JobDirective, self.handlers.job)
        return desk

    def _is_mine(self, delivery: Delivery) -> bool:
        return delivery.subject.split(".")[3] == self.name

    def _mine(self) -> list[Pod]:
        return [pod for pod, site in self.ground.pods.items() if site == self.name]

    async def _relay(self) -> None:
        await Relay([self.workloads, self.runs, self.sites], self.streams.publish, sweep=1).once()

    async def _work(self) -> None:
        """One look at everything that is wanted here."""
        for client in await self.clients.every():
            await self._client(client.key, client.directive)
        for server in await self.servers.every():
            await self._server(server.key, server.directive)
        for job in await self.jobs.every():
            await self._job(job.key, job.directive)
        for spec, generation, participant in self._mine():
            said = await self.workloads.find(f"{spec}/{participant}")
            if said is None or said.over or said.turn.generation != generation:
                self.ground.pods.pop((spec, generation, participant), None)

    async def _client(self, key: str, wanted: ParticipantDirective) -> None:
        said = await self.workloads.find(key)
        turn, chance = Turn.of(wanted), self.ground.chance
        if await self._ending(key, wanted, said) or (said and (said.turn > turn or (said.turn == turn and said.over))):
            return
        if said is None or said.turn < turn:
            await self._say(key, self._asked(wanted))
        elif said.phase in {Phase.STARTING, Phase.READY} and self._pod(wanted, key) not in self.ground.pods:
            await self._say(key, self._changed(wanted, key, Phase.FAILED))
        elif said.phase is Phase.PREPARED and wanted.wanted is Wanted.RUNNING:
            self.ground.pods[self._pod(wanted, key)] = self.name
            await self._say(key, self._changed(wanted, key, Phase.STARTING))
        elif said.phase is Phase.STARTING:
            await self._say(key, self._changed(wanted, key, Phase.FAILED if chance(0.1) else Phase.READY))
        elif said.phase is Phase.READY and chance(0.02):
            self.ground.pods.pop(self._pod(wanted, key), None)
            await self._say(key, self._changed(wanted, key, Phase.FAILED))

    async def _server(self, key: str, wanted: ServerDirective) -> None:
        said = await self.workloads.find(key)
        turn, pod = Turn.of(wanted), self._pod(wanted, key)
        if await self._ending(key, wanted, said) or (said and (said.turn > turn or (said.turn == turn and said.over))):
            return
        if said is None or said.turn < turn:
            self.ground.pods[pod] = self.name
            await self._say(key, self._changed(wanted, key, Phase.STARTING))
        elif said.phase in {Phase.STARTING, Phase.READY} and pod not in self.ground.pods:
            await self._say(key, self._changed(wanted, key, Phase.FAILED))
        elif said.phase is Phase.STARTING:
            await self._say(key, self._changed(wanted, key, Phase.READY), self._listens(wanted))
        elif said.phase is Phase.READY and not said.connected and self._all_there(wanted):
            await self._say(key, self._connected(wanted))

    async def _job(self, key: str, wanted: JobDirective) -> None:
        run, chance = await self.runs.find(key), self.ground.chance
        if run is not None and run.is_past(wanted.attempt):
            run = None
        if run is not None and run.final:
            return
        server = await self.workloads.find(f"{wanted.spec_id}/server")
        wish = await self.servers.find(f"{wanted.spec_id}/server")
        turn = Turn.of(wanted)
        over = wish is not None and (Turn.of(wish.directive) > turn or wish.directive.wanted is Wanted.STOPPED)
        if over and wanted.wanted is not Wanted.STOPPED:
            return  # what becomes of it, the hub says
        if over or wanted.wanted is Wanted.STOPPED:
            await self._observe(wanted, JobPhase.COMPLETED if run and chance(0.3) else JobPhase.CANCELLED)
        elif server is not None and server.turn == turn and server.phase is Phase.READY:
            following = {None: JobPhase.SUBMITTED, JobPhase.SUBMITTED: JobPhase.RUNNING}
            last = JobPhase.FAILED if chance(0.2) else JobPhase.COMPLETED
            await self._observe(wanted, following.get(run.phase if run else None, last))

    async def _ending(self, key: str, wanted: ParticipantDirective | ServerDirective, said: Workload | None) -> bool:
        turn = Turn.of(wanted)
        if said and not said.over and said.turn < turn:
            await self._end(key, wanted, said.turn)
            return True
        if wanted.wanted is Wanted.STOPPED and not (said and said.over and said.turn == turn):
            await self._end(key, wanted, turn)
            return True
        return wanted.wanted is Wanted.STOPPED

    async def _end(self, key: str, wanted: ParticipantDirective | ServerDirective, turn: Turn) -> None:
        participant = key.split("/")[1]
        self.ground.pods.pop((wanted.spec_id, turn.generation, participant), None)
        gone = ParticipantGone(
            gateway=self.name,
            spec_id=wanted.spec_id,
            generation=turn.generation,
            attempt=turn.attempt,
            participant=participant,
        )
        await self._say(key, gone)

    async def _say(self, key: str, *facts: Said) -> None:
        await pause()
        cause = Cause(now=self.clock.now())
        await self.workloads.change(key, lambda said: workload.news(said, facts), cause)

    async def _observe(self, wanted: JobDirective, phase: JobPhase) -> None:
        said = JobObserved(
            gateway=self.name,
            spec_id=wanted.spec_id,
            generation=wanted.generation,
            job_id=wanted.job_id,
            attempt=wanted.attempt,
            phase=phase,
            engine_job="e-1",
        )
        key = f"{wanted.spec_id}/{wanted.job_id}"
        await self.runs.change(key, lambda run: runs.news(run, said), Cause(now=self.clock.now()))

    def _asked(self, wanted: ParticipantDirective) -> ParticipantFact:
        about = self._about(wanted) | {"participant": wanted.participant}
        if wanted.wanted is Wanted.RUNNING:
            return ParticipantChanged(**about, phase=Phase.FAILED, cause=Why.LOST, message="lost")
        if self.ground.chance(0.1):
            return ParticipantRefused(**about, cause=Why.CAPACITY, reason="full")
        if self.ground.chance(0.05):
            return ParticipantRefused(**about, cause=Why.VETO, reason="no")
        return ParticipantAccepted(**about, csr=f"csr of {wanted.participant}")

    def _changed(self, wanted: ParticipantDirective | ServerDirective, key: str, phase: Phase) -> ParticipantChanged:
        killed = phase is Phase.FAILED and self.ground.chance(0.6)
        return ParticipantChanged(
            **self._about(wanted),
            participant=key.split("/")[1],
            phase=phase,
            message=phase,
            cause=Why.KILLED if killed else None,
        )

    def _listens(self, wanted: ServerDirective) -> ServerReady:
        certificates = {name: f"crt of {name}" for name in wanted.requests}
        return ServerReady(
            **self._about(wanted), project="p", host="h", port=1, root_ca="ca", certificates=certificates
        )

    def _connected(self, wanted: ServerDirective) -> SitesConnected:
        return SitesConnected(**self._about(wanted), sites=tuple(sorted(wanted.requests)))

    def _all_there(self, wanted: ServerDirective) -> bool:
        return all((wanted.spec_id, wanted.generation, name) in self.ground.pods for name in wanted.requests)

    def _about(self, wanted: ParticipantDirective | ServerDirective) -> dict[str, Any]:
        turn = {"generation": wanted.generation, "attempt": wanted.attempt}
        return {"gateway": self.name, "spec_id": wanted.spec_id} | turn

    def _pod(self, wanted: ParticipantDirective | ServerDirective, key: str) -> Pod:
        return wanted.spec_id, wanted.generation, key.split("/")[1]
