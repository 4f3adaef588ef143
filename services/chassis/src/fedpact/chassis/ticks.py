"""
The passing of time, delivered to the aggregates that asked for it.

An aggregate whose `due_at` has come is handed to its handler with the present moment. What this process saved it knows
the deadlines of; for others', and for those from before its start, it looks now and then. Nothing is due before the
service has read the news that waited for it at its start, so that no deadline fires on what it does not know yet.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
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
    """
    `handlers`: which handler hears of which kind's due aggregates; `None` only forgets what expired.

    Every `pause` seconds what is known to have come due is told; every `sweep` seconds the store is asked for the rest.
    """

    def __init__(
        self, handlers: Mapping[Stored[Any], OnTick | None], clock: Clock, *, pause: float, sweep: float
    ) -> None:
        self._handlers, self._clock, self._pause, self._sweep = handlers, clock, pause, sweep
        self._turns = {kind: Turns() for kind in handlers}
        self._look_at = dict.fromkeys(handlers, -math.inf)

    async def run(self) -> None:
        """For ever."""
        passes = 0
        while True:
            try:
                await self._tell(self._worth_a_look(), purge=passes % PURGE_EVERY == 0)
            except UnavailableError as error:
                log.warning("timers wait: %s", error)
                self._look_at = dict.fromkeys(self._handlers, -math.inf)
            passes += 1
            await asyncio.sleep(self._pause)

    async def once(self) -> None:
        """Tell every due aggregate, once."""
        await self._tell(self._handlers, purge=False)

    def _worth_a_look(self) -> Collection[Stored[Any]]:
        now = self._clock.now()
        return [kind for kind in self._handlers if kind.came_due(now) or time.monotonic() >= self._look_at[kind]]

    async def _tell(self, kinds: Collection[Stored[Any]], *, purge: bool) -> None:
        now = self._clock.now()
        for kind, handle in self._handlers.items():
            if handle is not None and kind in kinds:
                found = await self._tell_all(kind, handle, Cause(now=now))
                # what was due may be so again, and more than were told may be
                self._look_at[kind] = -math.inf if found else time.monotonic() + self._sweep
            if purge:
                await kind.documents.purge(now)

    async def _tell_all(self, kind: Stored[Any], handle: OnTick, cause: Cause) -> bool:
        """
        Whether any was due.

        An aggregate whose timer failed is told again behind the others, who are told now.
        """
        turns = self._turns[kind]
        due = await kind.documents.due(cause.now, BATCH + len(turns))
        fresh = [key for key in due if key not in turns]
        for key in (*fresh[:BATCH], *turns.again(set(due))[:BATCH]):
            failure = await failure_of(handle(key, cause))
            turns.note(key, failure)
            if failure is not None:
                log.error("timer of %s failed: %r", key, failure)
        return bool(due)
