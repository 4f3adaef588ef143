"""
FLARE sessions, each in a process of its own (`flare_host` says why).

A call that times out or breaks off kills its process: the session is over then, the FLARE server and its jobs are
not, and opening again finds them. One call at a time per session, which is how FLARE serialises them anyway.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue

from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.app.ports import EngineJob, Session, SystemState
from fedpact.gateway_agent.domain.engine import is_unexplained, reason_of
from fedpact.gateway_agent.domain.errors import (
    FederationError,
    JobRefusedError,
    JobUnknownError,
    TokenReusedError,
    UnreachableError,
)

HOST = "fedpact.gateway_agent.adapters.flare_host"
LONGEST_LINE = 4_000_000
EXPLAINED_AFTER = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each further look at a job that failed without a reason yet."""
ERRORS: Mapping[str, type[FederationError]] = {
    "token_reused": TokenReusedError,
    "refused": JobRefusedError,
    "unknown_job": JobUnknownError,
    "unreachable": UnreachableError,
    "failed": FederationError,
}


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: int
    ok: JsonValue = None
    error: str = ""
    text: str = ""


class _System(BaseModel):
    sites: dict[str, float]
    running: frozenset[str]


class _Job(BaseModel):
    status: str
    deploy: tuple[str, ...]
    history: tuple[str, ...]


@dataclass(slots=True)
class _Line:
    """The pipe to one host process."""

    process: asyncio.subprocess.Process
    timeout: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    number: int = 0

    async def call(self, op: str, **args: str) -> JsonValue:
        async with self.lock:
            self.number += 1
            answer = await self._ask(self.number, op, args)
        if answer.error:
            raise ERRORS[answer.error](answer.text)
        return answer.ok

    async def _ask(self, number: int, op: str, args: Mapping[str, str]) -> _Answer:
        try:
            async with asyncio.timeout(self.timeout):
                return await self._exchange(number, op, args)
        except TimeoutError as error:
            await self.end()
            raise UnreachableError(f"the FLARE server did not answer `{op}` in {self.timeout:g} s") from error
        except (OSError, ValueError) as error:
            await self.end()
            raise UnreachableError(f"the FLARE session broke off at `{op}`; open it again") from error

    async def _exchange(self, number: int, op: str, args: Mapping[str, str]) -> _Answer:
        reader, writer = self.process.stdout, self.process.stdin
        assert reader is not None
        assert writer is not None
        writer.write(json.dumps({"id": number, "op": op, "args": args}).encode() + b"\n")
        await writer.drain()
        while True:
            answer = _Answer.model_validate_json(await reader.readline())
            if answer.id == number:  # an older one is of a call that was cancelled
                return answer

    async def end(self) -> None:
        """Ends the process; the FLARE server notices by itself."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@dataclass(frozen=True, slots=True)
class FlareSession:
    """One session, see the port."""

    line: _Line
    looks: tuple[float, ...] = EXPLAINED_AFTER

    async def system(self) -> SystemState:
        state = _System.model_validate(await self.line.call("system"))
        sites = {name: datetime.fromtimestamp(heard, UTC) for name, heard in state.sites.items()}
        return SystemState(sites=sites, running=state.running)

    async def submit(self, folder: Path, token: str) -> str:
        return str(await self.line.call("submit", folder=str(folder), token=token))

    async def job(self, engine_job: str) -> EngineJob:
        job = await self._job(engine_job)
        for seconds in self.looks:
            if not is_unexplained(job.status, job.deploy):
                break
            await asyncio.sleep(seconds)
            job = await self._job(engine_job)
        return EngineJob(id=engine_job, status=job.status, reason=reason_of(job.status, job.deploy, job.history))

    async def abort(self, engine_job: str) -> None:
        await self.line.call("abort", engine_job=engine_job)

    async def download(self, engine_job: str, into: Path) -> Path:
        files.folder(into)
        return Path(str(await self.line.call("download", engine_job=engine_job, into=str(into))))

    async def close(self) -> None:
        await self.line.end()

    async def _job(self, engine_job: str) -> _Job:
        return _Job.model_validate(await self.line.call("job", engine_job=engine_job))


@dataclass(slots=True)
class FlareFederation:
    """Opens sessions. `home` is where their processes live and leave what FLARE prints."""

    home: Path
    timeout: float = 60.0
    command: tuple[str, ...] = (sys.executable, "-m", HOST)
    looks: tuple[float, ...] = EXPLAINED_AFTER
    _spare: _Line | None = None
    _lines: list[_Line] = field(default_factory=list)

    async def warm(self) -> None:
        """Has a process ready for the next `open`: loading FLARE takes a second or two."""
        if self._spare is None:
            self._spare = await self._start()

    async def open(self, kit: Path) -> Session:
        spare, self._spare = self._spare, None
        line = spare or await self._start()
        async with AsyncExitStack() as otherwise:
            otherwise.push_async_callback(line.end)
            try:
                await line.call("open", kit=str(kit))
            except UnreachableError:
                # The server may only need a moment: keep what took so long to load.
                if self._spare is None and line.process.returncode is None:
                    self._spare = line
                    otherwise.pop_all()
                raise
            otherwise.pop_all()
        return FlareSession(line, self.looks)

    async def close(self) -> None:
        for line in self._lines:
            await line.end()
        self._lines.clear()
        self._spare = None

    async def _start(self) -> _Line:
        files.folder(self.home)
        self._lines = [line for line in self._lines if line.process.returncode is None]
        log = os.open(self.home / "sessions.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, files.PRIVATE)
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=self.home,
                env={"PATH": os.defpath, "HOME": str(self.home), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "4"},
                limit=LONGEST_LINE,
            )
        finally:
            os.close(log)
        line = _Line(process, self.timeout)
        self._lines.append(line)
        return line
