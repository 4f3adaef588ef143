"""
Who reconciles what, and when.

The queue's rules: a key is at most once in line; it is never worked on by two at once, and being called meanwhile
makes it come again; the failure of one is tried again later and later and holds up nobody; what was called for soon is
not delayed by what was called for late.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fedpact.chassis.guard import failure_of
from fedpact.gateway_agent.app.lookout import Lookout, key_of

Reconcile = Callable[[str], Awaitable[float | None]]
Key = tuple[str, str]
"""The sort of thing and its key."""
FIRST_RETRY, LAST_RETRY = 0.2, 30.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class WorkQueue:
    """Keys that need a look. `work` says in how many seconds to look again, if at all."""

    work: Callable[[Key], Awaitable[float | None]]
    _due: dict[Key, float] = field(default_factory=dict)
    _working: set[Key] = field(default_factory=set)
    _failures: dict[Key, int] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def call(self, key: Key, delay: float = 0.0) -> None:
        """Have `key` looked at in `delay` seconds, or sooner when that was called for already."""
        at = asyncio.get_running_loop().time() + delay
        self._due[key] = min(self._due.get(key, at), at)
        self._wake.set()

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                now = asyncio.get_running_loop().time()
                for key in [key for key, at in self._due.items() if at <= now and key not in self._working]:
                    del self._due[key]
                    self._working.add(key)
                    tasks.create_task(self._serve(key))
                await self._called(now)

    async def _called(self, now: float) -> None:
        waiting = [at for key, at in self._due.items() if key not in self._working]
        try:
            async with asyncio.timeout(max(min(waiting) - now, 0.0) if waiting else None):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _serve(self, key: Key) -> None:
        again: list[float] = []

        async def once() -> None:
            delay = await self.work(key)
            again.extend([delay] if delay is not None else [])

        failure = await failure_of(once())
        self._working.discard(key)
        self._wake.set()
        if failure is None:
            self._failures.pop(key, None)
        else:
            again.append(self._retry(key, failure))
        for delay in again:
            self.call(key, delay)

    def _retry(self, key: Key, failure: Exception) -> float:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = min(FIRST_RETRY * 2.0 ** (failures - 1), LAST_RETRY)
        text = f"{type(failure).__name__}: {failure}"
        log.warning("tried again in %.1f s", delay, extra={"key": "/".join(key), "reason": text})
        return delay


@dataclass(slots=True, kw_only=True)
class Reconciler:
    """Everything this site reconciles, by sort. `known` lists the keys of a sort that are not over."""

    sorts: Mapping[str, Reconcile]
    known: Callable[[], Awaitable[list[Key]]]
    strays: str
    """The sort that unknown workloads are of."""
    lookout: Lookout
    queue: WorkQueue = field(init=False)

    def __post_init__(self) -> None:
        self.queue = WorkQueue(self.reconcile)

    async def reconcile(self, key: Key) -> float | None:
        sort, name = key
        return await self.sorts[sort](name)

    async def adopt(self) -> None:
        """Look at everything that is known or runs: the first thing after a start."""
        for key in await self.known():
            self.queue.call(key)
        for name in await self.lookout.see():
            self.queue.call((self.strays, key_of(name)))

    async def run(self) -> None:
        """For ever, once everything that is wanted has been read."""
        await self.adopt()
        await self.queue.run()
