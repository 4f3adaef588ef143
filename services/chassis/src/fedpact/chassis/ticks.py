"""
The passing of time, delivered to the aggregates that asked for it.

An aggregate whose `due_at` has come is handed to its handler with the present moment. Nothing is due before the
service has read the news that waited for it at its start, so that no deadline fires on what it does not know yet.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.chassis.turns import Turns

OnTick = Callable[[str, Cause], Awaitable[None]]
BATCH = 200
PURGE_EVERY = 600
log = logging.getLogger(__name__)


class Ticks:
    """`handlers`: which handler hears of which kind's due aggregates; `None` only forgets what expired."""

    def __init__(self, handlers: Mapping[Stored[Any], OnTick | None], clock: Clock, *, sweep: float) -> None:
        self._handlers, self._clock, self._sweep = handlers, clock, sweep
        self._turns = {kind: Turns() for kind in handlers}

    async def run(self) -> None:
        """For ever."""
        passes = 0
        while True:
            try:
                await self.once(purge=passes % PURGE_EVERY == 0)
            except UnavailableError as error:
                log.warning("timers wait: %s", error)
            passes += 1
            await asyncio.sleep(self._sweep)

    async def once(self, *, purge: bool = False) -> None:
        """Tell every due aggregate, once."""
        now = self._clock.now()
        for kind, handle in self._handlers.items():
            if handle is not None:
                await self._tell_all(kind, handle, Cause(now=now))
            if purge:
                await kind.documents.purge(now)

    async def _tell_all(self, kind: Stored[Any], handle: OnTick, cause: Cause) -> None:
        """An aggregate whose timer failed is told again behind the others, who are told now."""
        turns = self._turns[kind]
        due = await kind.documents.due(cause.now, BATCH + len(turns))
        fresh = [key for key in due if key not in turns]
        for key in (*fresh[:BATCH], *turns.again(set(due))[:BATCH]):
            failure = await failure_of(handle(key, cause))
            turns.note(key, failure)
            if failure is not None:
                log.error("timer of %s failed: %r", key, failure)
