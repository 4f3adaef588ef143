"""
Twins of the launcher and of FLARE that do what a script says: for tests, and for trying the agent without either.

They keep the ports' promises (the launcher passes the contract tests of the real one) and can be told to fail at a
checkpoint, to hang there, or to have a workload end. State that survives a crash of the agent is in `World`: a
second launcher over the same world is the agent after its restart.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fedpact.gateway_agent.app.ports import Checkpoint, EngineJob, Life, Observed, Ref, Session, Stage, SystemState
from fedpact.gateway_agent.domain.engine import Status, is_final
from fedpact.gateway_agent.domain.errors import (
    AlreadyThereError,
    FederationError,
    JobRefusedError,
    JobUnknownError,
    LaunchError,
    TokenReusedError,
    UnreachableError,
)
from fedpact.gateway_agent.domain.pods import Pod, PodName


@dataclass(slots=True)
class World:
    """What runs, whoever launched it, and what is going to go wrong."""

    pods: dict[PodName, Pod] = field(default_factory=dict)
    seen: dict[PodName, Observed] = field(default_factory=dict)
    failures: dict[tuple[str, Stage], LaunchError] = field(default_factory=dict)
    """(participant, stage it fails to reach) -> the error."""
    hangs: dict[tuple[str, Stage], asyncio.Event] = field(default_factory=dict)
    """(participant, stage) -> what it waits for before it reaches the stage."""

    def ends(self, name: PodName, code: int, *, out_of_memory: bool = False) -> None:
        """The workload exits by itself."""
        now = self.seen[name]
        self.seen[name] = replace(now, life=Life.EXITED, exit_code=code, out_of_memory=out_of_memory)


@dataclass(slots=True)
class ScriptedLauncher:
    """A launcher that runs nothing."""

    world: World = field(default_factory=World)
    limits_enforced: tuple[str, ...] = ()

    async def launch(self, pod: Pod) -> AsyncIterator[Checkpoint]:
        if pod.name in self.world.seen:
            raise AlreadyThereError(str(pod.name))
        reserved = Ref(name=pod.name)
        await self._reach(pod, Stage.RESERVED)
        self.world.seen[pod.name] = Observed(ref=reserved, kind=pod.kind, life=Life.EXITED)
        yield Checkpoint(ref=reserved, stage=Stage.RESERVED)
        await self._reach(pod, Stage.RUNNING)
        running = Ref(name=pod.name, handle=str(len(self.world.pods) + 1))
        self.world.pods[pod.name] = pod
        self.world.seen[pod.name] = Observed(ref=running, kind=pod.kind, life=Life.RUNNING)
        yield Checkpoint(ref=running, stage=Stage.RUNNING)

    async def observe(self) -> Sequence[Observed]:
        return [self.world.seen[name] for name in sorted(self.world.seen, key=str)]

    async def stop(self, ref: Ref) -> None:
        self.world.seen.pop(ref.name, None)
        self.world.pods.pop(ref.name, None)

    async def _reach(self, pod: Pod, stage: Stage) -> None:
        key = (pod.name.participant, stage)
        if key in self.world.hangs:
            await self.world.hangs[key].wait()
        if key in self.world.failures:
            raise self.world.failures[key]


@dataclass(slots=True)
class ScriptedServer:
    """A FLARE server. Each look at a job moves it one step along `course`."""

    sites: dict[str, datetime] = field(default_factory=dict)
    course: tuple[str, ...] = (Status.SUBMITTED, Status.RUNNING, Status.COMPLETED)
    results: dict[str, bytes] = field(default_factory=dict)
    """Relative path -> content, of every job."""
    up: bool = True
    refusal: str = ""
    """When set, no job is taken, for this reason."""
    reason: str = ""
    submitted: dict[str, Path] = field(default_factory=dict)
    """Submit token -> job folder."""
    steps: dict[str, int] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)

    def status(self, job: str) -> str:
        """Where the job is, without moving it."""
        return self.ended.get(job) or self.course[min(self.steps[job], len(self.course) - 1)]


@dataclass(frozen=True, slots=True)
class ScriptedSession:
    """A session with a scripted server."""

    server: ScriptedServer

    async def system(self) -> SystemState:
        server = self._reached()
        running = (job for job in server.steps if server.status(job) == Status.RUNNING)
        return SystemState(sites=dict(server.sites), running=frozenset(running))

    async def submit(self, folder: Path, token: str) -> str:
        server = self._reached()
        if server.refusal:
            raise JobRefusedError(server.refusal)
        if server.submitted.setdefault(token, folder) != folder:
            raise TokenReusedError(f"the token `{token}` was used for another job")
        job = f"engine-{token}"
        server.steps.setdefault(job, 0)
        return job

    async def job(self, engine_job: str) -> EngineJob:
        server = self._known(engine_job)
        status = server.status(engine_job)
        server.steps[engine_job] += 1
        return EngineJob(id=engine_job, status=status, reason=server.reason if is_final(status) else "")

    async def abort(self, engine_job: str) -> None:
        server = self._known(engine_job)
        if not is_final(server.status(engine_job)):
            server.ended[engine_job] = Status.ABORTED

    async def download(self, engine_job: str, into: Path) -> Path:
        server = self._known(engine_job)
        if not is_final(server.status(engine_job)):
            raise FederationError(f"the job `{engine_job}` has not ended")
        folder = into / engine_job
        for path, content in server.results.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    async def close(self) -> None:
        return

    def _known(self, engine_job: str) -> ScriptedServer:
        if engine_job not in self._reached().steps:
            raise JobUnknownError(f"no such job: `{engine_job}`")
        return self.server

    def _reached(self) -> ScriptedServer:
        if not self.server.up:
            raise UnreachableError("the FLARE server does not answer")
        return self.server


@dataclass(slots=True)
class ScriptedFederation:
    """Opens sessions with scripted servers, one for all kits."""

    server: ScriptedServer = field(default_factory=ScriptedServer)
    opened: list[Path] = field(default_factory=list)

    async def open(self, kit: Path) -> Session:
        if not self.server.up:
            raise UnreachableError("the FLARE server is not up")
        self.opened.append(kit)
        return ScriptedSession(self.server)

    async def warm(self) -> None:
        return

    async def close(self) -> None:
        return
