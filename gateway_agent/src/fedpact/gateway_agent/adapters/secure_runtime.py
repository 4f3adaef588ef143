"""
One secure runtime per activation: a child process in a folder of the activation, spoken to over a Unix socket there.

It is told nothing but where to listen and which model it renders for. Its socket is named relative to its folder on
both sides, because a socket's path has at most 107 bytes. One that an earlier agent left behind is found by its folder
and ended first.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from fedpact.contracts.policies import Bounds
from fedpact.contracts.specs import Payload
from fedpact.gateway_agent.adapters import files, trees
from fedpact.gateway_agent.app.doors import LocalModel
from fedpact.gateway_agent.domain.errors import RenderRefusedError
from fedpact.gateway_agent.domain.pods import PodName, activation_folder

FOLDER = "render"
SOCKET = "socket"
LONGEST_ANSWER = 8_000_000
PROGRAM = "from fedpact.secure_runtime.main import run; run()"
TRIAL = "from fedpact.secure_runtime.adapters.jail import trial; trial()"
TRIAL_SECONDS = 30.0
log = logging.getLogger(__name__)


class _Error(BaseModel):
    model_config = ConfigDict(frozen=True)

    slug: str
    reason: str
    path: str = ""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    files: dict[str, str] | None = None
    error: _Error | None = None


@dataclass(slots=True)
class SecureRuntimes:
    """Under `root`, where activations are. `patience` is how many seconds a rendering may take in all."""

    root: Path
    patience: float = 30.0
    _running: dict[PodName, asyncio.subprocess.Process] = field(default_factory=dict)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def found(cls, root: Path) -> Self:
        """Tried: a secure runtime gets a machine of its own here. If not, the log says why."""
        if lacking := _lacking():
            log.info("renderings are not jailed: %s", lacking)
        return cls(root)

    async def start(self, server: PodName, model: LocalModel) -> None:
        async with self._starting:
            process = self._running.get(server)
            if process is None or process.returncode is not None:
                await self._sweep(server)
                self._running[server] = await self._spawn(self._folder(server), model)

    async def render(
        self, server: PodName, job: str, payload: Payload, *, sites: Mapping[str, str], bounds: Sequence[Bounds]
    ) -> Mapping[str, str]:
        request = {"id": job, "payload": payload, "dataset2gw": dict(sites), "bounds": list(bounds)}
        line = json.dumps(request, allow_nan=False).encode() + b"\n"
        try:
            async with asyncio.timeout(self.patience):
                answer = _Answer.model_validate_json(await self._asked(server, line))
        except TimeoutError as error:
            raise RenderRefusedError(f"rendering the job took longer than {self.patience:g} s") from error
        except (OSError, ValueError, ValidationError) as error:
            raise RenderRefusedError("the model's rendering broke off; ask the publisher of the model") from error
        if answer.files is None:
            told = answer.error or _Error(slug="model-fault", reason="the model rendered nothing")
            raise RenderRefusedError(told.reason, path=told.path)
        return answer.files

    async def end(self, server: PodName) -> None:
        process = self._running.pop(server, None)
        if process and process.returncode is None:
            process.kill()
            await process.wait()
        await self._sweep(server)

    async def close(self) -> None:
        """Ends all of them."""
        for server in list(self._running):
            await self.end(server)

    async def _asked(self, server: PodName, line: bytes) -> bytes:
        reader, writer = await self._connected(server)
        try:
            writer.write(line)
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()

    async def _connected(self, server: PodName) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection, once the process listens; it loads the model first."""
        while True:
            folder = os.open(self._folder(server), os.O_PATH | os.O_DIRECTORY)
            try:
                return await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{SOCKET}", limit=LONGEST_ANSWER)
            except (FileNotFoundError, ConnectionRefusedError):
                process = self._running.get(server)
                if process is None or process.returncode is not None:
                    raise
            finally:
                os.close(folder)
            await asyncio.sleep(0.05)

    async def _spawn(self, folder: Path, model: LocalModel) -> asyncio.subprocess.Process:
        files.folder(folder)
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, files.PRIVATE)
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                PROGRAM,
                "--socket",
                SOCKET,
                "--model",
                str(model.folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        finally:
            os.close(log)

    async def _sweep(self, server: PodName) -> None:
        folder = self._folder(server)
        if await asyncio.to_thread(folder.exists):
            await asyncio.to_thread(trees.end, trees.Trace(mark=f"secure-runtime:{folder}", kit=folder), 1.0)

    def _folder(self, server: PodName) -> Path:
        return activation_folder(self.root, server) / FOLDER


def _lacking() -> str:
    """What this machine lacks for the jail of a secure runtime; empty when it has it."""
    try:
        tried = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", TRIAL], env={}, stdout=subprocess.PIPE, timeout=TRIAL_SECONDS, check=True
        )
    except subprocess.SubprocessError as error:
        return str(error)
    return tried.stdout.decode(errors="replace")
