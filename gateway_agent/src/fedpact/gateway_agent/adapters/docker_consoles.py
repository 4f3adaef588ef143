"""
Consoles of containers, written to where the agent looks for them.

A console is followed from its first line, so a file that an earlier agent began is written anew.
"""

import asyncio
import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from aiodocker import DockerError
from aiodocker.containers import DockerContainer

from fedpact.gateway_agent.adapters import files


@dataclass(frozen=True, slots=True)
class Followers:
    """One task a running container; each ends when its container does."""

    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def follow(self, container: DockerContainer, log: Path) -> None:
        """Write its console to `log` until it ends; does nothing where that is being done."""
        task = self._tasks.get(container.id)
        if task is None or task.done():
            self._tasks[container.id] = asyncio.create_task(_write(container, log))

    async def last_words(self, container: DockerContainer, seconds: float) -> None:
        """Wait for the rest of what an ended container said."""
        task = self._tasks.pop(container.id, None)
        if task:
            _, waiting = await asyncio.wait([task], timeout=seconds)
            await _cancelled(*waiting)

    async def close(self) -> None:
        await _cancelled(*self._tasks.values())
        self._tasks.clear()


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _write(container: DockerContainer, log: Path) -> None:
    """A console that cannot be followed to its end is followed again at the next look."""
    console = await asyncio.to_thread(_opened, log)
    try:
        with contextlib.suppress(DockerError, OSError):
            async for text in container.log(stdout=True, stderr=True, follow=True):
                os.write(console, text.encode())
    finally:
        os.close(console)


def _opened(log: Path) -> int:
    files.folder(log.parent)
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, files.PRIVATE)
