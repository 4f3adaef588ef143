"""
Tasks that live and end together.

Cancelling once is not enough: a library that waits for an answer while it is cancelled may return the answer and
swallow the cancellation (`asyncio.wait_for` does so on Python 3.11). Whoever ends tasks asks until they have ended.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

AGAIN = 0.2
"""Seconds before a task that did not end is asked again."""


async def together(works: Iterable[Callable[[], Awaitable[None]]], stopped: asyncio.Event | None = None) -> None:
    """Run `works` until `stopped` is set or one of them fails; then all of them have ended."""
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(_done(work)) for work in works]
        try:
            await (stopped or asyncio.Event()).wait()
        finally:
            await ended(running)


async def unless(stopped: asyncio.Event, work: Callable[[], Awaitable[None]]) -> bool:
    """Do `work`; false when `stopped` is set before it is done, which ends it."""
    doing, told = asyncio.create_task(_done(work)), asyncio.create_task(_done(stopped.wait))
    try:
        await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
        return doing.done()
    finally:
        await ended((doing, told))


async def ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End `tasks`. Being cancelled meanwhile is passed on only when all have ended."""
    cancelled: asyncio.CancelledError | None = None
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=AGAIN)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled


async def _done(work: Callable[[], Awaitable[object]]) -> None:
    await work()
