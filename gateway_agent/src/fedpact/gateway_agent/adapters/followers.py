"""
Consoles of containers, written to where the agent looks for them.

A console is followed from its first line, so a file that an earlier agent began is written anew.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from fedpact.gateway_agent.adapters import files

LAST_WORDS = 5.0
"""Seconds for what an ended container said to arrive."""
Console = Callable[[], AsyncIterable[str]]
"""Begins to read a console from its first line; ends when what writes to it does."""


@dataclass(frozen=True, slots=True)
class Followers:
    """One task a running container; each ends when its container does. `lost` are errors of a broken connection."""

    lost: tuple[type[Exception], ...]
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _read_out: set[str] = field(default_factory=set)

    def follow(self, container: str, console: Console, log: Path) -> None:
        """Write the container's console to `log` until it ends; does nothing where that is being done."""
        task = self._tasks.get(container)
        if task is None or task.done():
            self._tasks[container] = asyncio.create_task(self._write(console, log))

    async def read_out(self, container: str, console: Console, log: Path) -> None:
        """Have all that an ended container said in `log`; done once, and given up after a while."""
        if container in self._read_out:
            return
        task = self._tasks.pop(container, None) or asyncio.create_task(self._write(console, log))
        self._read_out.add(container)
        await _finished(task)

    async def forget(self, container: str) -> None:
        """It is being removed: write what it still says, and expect another of its name."""
        task = self._tasks.pop(container, None)
        self._read_out.discard(container)
        if task:
            await _finished(task)

    async def close(self) -> None:
        await _cancelled(*self._tasks.values())
        self._tasks.clear()

    async def _write(self, console: Console, log: Path) -> None:
        """A console that cannot be followed to its end is followed again at the next look."""
        written = await asyncio.to_thread(_opened, log)
        try:
            with contextlib.suppress(*self.lost):
                async for text in console():
                    os.write(written, text.encode())
        finally:
            os.close(written)


async def _finished(task: asyncio.Task[None]) -> None:
    _, waiting = await asyncio.wait([task], timeout=LAST_WORDS)
    await _cancelled(*waiting)


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _opened(log: Path) -> int:
    files.folder(log.parent)
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, files.PRIVATE)
