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

OnTick = Callable[[str, Cause], Awaitable[None]]
BATCH = 200
PURGE_EVERY = 600
log = logging.getLogger(__name__)


class Ticks:
    """`handlers`: which handler hears of which kind's due aggregates; `None` only forgets what expired."""

    def __init__(self, handlers: Mapping[Stored[Any], OnTick | None], clock: Clock, *, sweep: float) -> None:
        self._handlers, self._clock, self._sweep = handlers, clock, sweep

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
                for key in await kind.documents.due(now, BATCH):
                    await self._tell(handle, key, Cause(now=now))
            if purge:
                await kind.documents.purge(now)

    async def _tell(self, handle: OnTick, key: str, cause: Cause) -> None:
        """An aggregate whose timer fails is told again at the next sweep; the others are told now."""
        failure = await failure_of(handle(key, cause))
        if failure is not None:
            log.error("timer of %s failed: %r", key, failure)
