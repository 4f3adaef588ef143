"""Passes bytes on between two connections. They are not looked into, kept or logged."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

CHUNK = 256 * 1024


@dataclass(slots=True)
class Line:
    """One connection. `taken` counts the bytes that came from it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    taken: int = field(default=0)

    @classmethod
    async def dial(cls, host: str, port: int, seconds: float) -> Self:
        """A connection to there; `OSError` (a `TimeoutError` too) when there is none in time."""
        async with asyncio.timeout(seconds):
            return cls(*await asyncio.open_connection(host, port, limit=CHUNK))

    def hang_up(self) -> None:
        """Close it, whatever is still on its way."""
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close it, after what was written has left; whoever does not take it is not waited for."""
        self.writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self.writer.wait_closed()
        except OSError:
            self.hang_up()


async def join(one: Line, other: Line, idle: float) -> None:
    """Pass on both ways until both have ended, one breaks, or nothing came for `idle` seconds; then both are closed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(idle) as limit, asyncio.TaskGroup() as both:
            both.create_task(_pass(one, other, lambda: limit.reschedule(loop.time() + idle)))
            both.create_task(_pass(other, one, lambda: limit.reschedule(loop.time() + idle)))
    except* OSError:
        one.hang_up()
        other.hang_up()
    finally:
        one.writer.close()
        other.writer.close()


async def _pass(source: Line, sink: Line, moved: Callable[[], None]) -> None:
    while chunk := await source.reader.read(CHUNK):
        source.taken += len(chunk)
        sink.writer.write(chunk)
        await sink.writer.drain()
        moved()
    sink.writer.write_eof()
