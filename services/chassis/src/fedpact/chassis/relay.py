"""
The relay: what was saved to be published gets published, whatever crashes in between.

What this process just saved goes out from memory; the store is asked for what else waits at the start, after trouble
and every `sweep` seconds. Messages of one aggregate go out in order, one acknowledgement at a time; publishing one
twice is harmless because its id is stable and the stream drops doubles.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.chassis.tasks import together

Publish = Callable[[Entry], Awaitable[None]]
BATCH = 100
log = logging.getLogger(__name__)


class Relay:
    """Publishes the outboxes of all kinds of aggregates of one service."""

    def __init__(self, kinds: Sequence[Stored[Any]], publish: Publish, *, sweep: float) -> None:
        self._kinds, self._publish, self._sweep = kinds, publish, sweep

    async def run(self) -> None:
        """For ever."""
        await together([partial(self._serve, kind) for kind in self._kinds])

    async def once(self) -> int:
        """Publish everything that waits now; how many aggregates that were."""
        return sum([await self._empty(kind) for kind in self._kinds])

    async def _serve(self, kind: Stored[Any]) -> None:
        time = asyncio.get_running_loop().time
        looked = -math.inf
        while True:
            kind.nudge.clear()
            saved, began = kind.saved(), time()
            look = began - looked >= self._sweep
            try:
                documents = await kind.documents.unsent(BATCH) if look else saved
                await self._send_all(kind, documents)
            except UnavailableError as error:
                log.warning("relay waits: %s", error)
                await asyncio.sleep(self._sweep)
                looked = -math.inf
                continue
            if not look:
                await _heard(kind.nudge, max(0.0, looked + self._sweep - time()))
            elif len(documents) < BATCH:
                looked = began
                await _heard(kind.nudge, self._sweep)

    async def _empty(self, kind: Stored[Any]) -> int:
        documents = await kind.documents.unsent(BATCH)
        await self._send_all(kind, documents)
        return len(documents)

    async def _send_all(self, kind: Stored[Any], documents: Sequence[Document]) -> None:
        """One aggregate that cannot be published does not hold up the others."""
        outcomes = [await failure_of(self._send(kind, document)) for document in documents]
        failed = [error for error in outcomes if error is not None]
        if failed:
            raise UnavailableError(f"{len(failed)} aggregates could not be published: {failed[0]}")

    async def _send(self, kind: Stored[Any], document: Document) -> None:
        for entry in document.outbox:
            await self._publish(entry)
        await kind.documents.sent(document.key, document.version, [e["id"] for e in document.outbox])


async def _heard(nudge: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await nudge.wait()
    except TimeoutError:
        return
