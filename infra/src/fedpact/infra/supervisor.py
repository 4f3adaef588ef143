"""
Keeps the programs of one machine running: started in tiers, restarted with growing pauses, stopped in reverse.

A child asks the kernel to be ended with its supervisor, so that nothing of ours is left when the supervisor is killed.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping, Sequence

import aiohttp
import psutil

from fedpact.infra.programs import Program

Work = Callable[[], Awaitable[None]]
log = logging.getLogger(__name__)
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 20.0
STOP_SECONDS = 15.0
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class NotReadyError(Exception):
    """A program did not become ready in time."""


class Supervisor:
    """`say` is told what a person may want to know; `started` is called whenever a program was."""

    def __init__(self, programs: Sequence[Program], say: Callable[[str], None]) -> None:
        self._programs, self._say = programs, say
        self._running: dict[str, Process] = {}
        self._stopping = asyncio.Event()
        self.started: Callable[[], None] = lambda: None
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self.restarts: dict[str, int] = {}

    async def start(self, seconds: float = 90.0, after: Mapping[int, Work] | None = None) -> None:
        """Start every tier, wait until it is ready, and do what is to be done `after` it."""
        for tier in sorted({program.tier for program in self._programs}):
            members = [program for program in self._programs if program.tier == tier]
            for program in members:
                self._keepers[program.name] = asyncio.create_task(self._keep(program), name=program.name)
            await self._all_ready(members, seconds)
            if after and tier in after:
                await after[tier]()

    async def watch(self) -> None:
        """Until a keeper fails, which none should. Whoever no longer watches leaves them at work."""
        done, _ = await asyncio.wait(self._keepers.values(), return_when=asyncio.FIRST_EXCEPTION)
        for keeper in done:
            keeper.result()

    async def stop(self) -> None:
        """Stop the tiers in reverse, each politely and then firmly."""
        self._stopping.set()
        for tier in sorted({program.tier for program in self._programs}, reverse=True):
            names = [program.name for program in self._programs if program.tier == tier]
            await asyncio.gather(*(self._over(name) for name in names))
        await ended(*self._keepers.values())

    def pids(self) -> dict[str, int]:
        """Program -> process id, of those that run."""
        return {name: process.pid for name, process in self._running.items()}

    async def _keep(self, program: Program) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            process = await self._spawn(program)
            if self._stopping.is_set():
                await self._end(program.name, process)
            code = await process.wait()
            self._running.pop(program.name, None)
            if self._stopping.is_set():
                return
            lasted = asyncio.get_running_loop().time() - began
            pause = FIRST_PAUSE if lasted > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE)
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            self._say(f"{program.name} ended with {code}, starting it again in {pause:.1f} s (see {program.log})")
            await self._unless_stopping(pause)

    async def _unless_stopping(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _over(self, name: str) -> None:
        """End the program, or have its keeper do so that is just starting it."""
        if process := self._running.get(name):
            await self._end(name, process)
        if keeper := self._keepers.get(name):
            await asyncio.wait([keeper])

    async def _spawn(self, program: Program) -> Process:
        env = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ} | dict(program.env)
        with program.log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *program.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=env,
                cwd=program.cwd,
                preexec_fn=end_with_parent,
            )
        self._running[program.name] = process
        self.started()
        return process

    async def _all_ready(self, members: Sequence[Program], seconds: float) -> None:
        waiting = {asyncio.create_task(self._ready(p), name=p.name) for p in members}
        try:
            done, late = await asyncio.wait(waiting, timeout=seconds)
            for task in done:
                task.result()
        finally:
            await ended(*waiting)
        if late:
            names = ", ".join(sorted(task.get_name() for task in late))
            raise NotReadyError(f"not ready after {seconds:.0f} s: {names}")

    async def _ready(self, program: Program) -> None:
        looks = _answers if program.ready == "http" else _accepts
        while not (await looks(program.port) and await self._has_port(program)):
            keeper = self._keepers[program.name]
            if keeper.done():
                raise NotReadyError(f"{program.name} could not be started: {keeper.exception()}")
            await asyncio.sleep(0.05)

    async def _has_port(self, program: Program) -> bool:
        """Whether it is this program that answers there, and not somebody who was faster."""
        process = self._running.get(program.name)
        return process is not None and await asyncio.to_thread(_listens, process.pid, program.port)

    async def _end(self, name: str, process: Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            self._say(f"{name} did not stop by itself")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def ended(*tasks: asyncio.Task[None]) -> None:
    """Cancel what still runs, and wait until all of it is over: what came of it is no news any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def end_with_parent() -> None:
    """In a child that is about to run: have the kernel end it with its parent."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _listens(pid: int, port: int) -> bool:
    """Whether that process or one below it has the port."""
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            if any(c.laddr[1:] == (port,) and c.status == psutil.CONN_LISTEN for c in process.net_connections("tcp")):
                return True
    return False


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _answers(port: int) -> bool:
    timeout = aiohttp.ClientTimeout(total=3)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            return answer.status == 200  # noqa: PLR2004
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
