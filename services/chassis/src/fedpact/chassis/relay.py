"""
The relay: what was saved to be published gets published, whatever crashes in between.

What this process just saved goes out from memory; the store is asked for what else waits at the start, after trouble
and, as that takes a process that died, rarely otherwise: every `sweep` seconds. Messages of one aggregate go out in
order, one acknowledgement at a time; publishing one twice is harmless because its id is stable and the stream drops
doubles. The outboxes are emptied a moment later, many in one write: until then this process remembers what it
published. An outbox the bus does not take goes behind all others, and is tried again by itself and less and less often.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.chassis.tasks import together
from fedpact.chassis.turns import Turns

Publish = Callable[[Entry], Awaitable[None]]
BATCH = 100
PUT_OFF_SECONDS = 0.25
"""How long an outbox may wait for others to be emptied with it."""
AGAIN_SECONDS = 0.5
"""How long to wait before the store is looked at again for what could not be published."""
PARTING_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds between tries of what the bus did not take."""
log = logging.getLogger(__name__)


class Relay:
    """Publishes the outboxes of all kinds of aggregates of one service."""

    def __init__(self, kinds: Sequence[Stored[Any]], publish: Publish, *, sweep: float) -> None:
        self._outboxes = [Outboxes(kind, publish) for kind in kinds]
        self._sweep, self._again = sweep, min(sweep, AGAIN_SECONDS)

    async def run(self) -> None:
        """For ever."""
        await together([partial(self._serve, outboxes) for outboxes in self._outboxes])

    async def once(self) -> int:
        """Publish everything that waits now; how many aggregates that were."""
        return sum([await outboxes.sweep() for outboxes in self._outboxes])

    async def _serve(self, outboxes: "Outboxes") -> None:
        try:
            await self._follow(outboxes)
        finally:
            await failure_of(_bounded(outboxes.empty))

    async def _follow(self, outboxes: "Outboxes") -> None:
        looked = -math.inf
        while True:
            outboxes.kind.nudge.clear()
            began = time.monotonic()
            try:
                if began < looked + self._pause(outboxes):
                    await outboxes.send_saved()
                elif await outboxes.sweep() < BATCH:
                    looked = began
                else:
                    continue
            except UnavailableError as error:
                log.warning("relay waits: %s", error)
                await asyncio.sleep(self._again)
                looked = -math.inf
                continue
            rest = max(0.0, looked + self._pause(outboxes) - time.monotonic())
            await _heard(outboxes.kind.nudge, min(rest, PUT_OFF_SECONDS) if outboxes.waiting else rest)

    def _pause(self, outboxes: "Outboxes") -> float:
        return self._again if outboxes.troubled else self._sweep


class Outboxes:
    """Those of one kind of aggregate."""

    def __init__(self, kind: Stored[Any], publish: Publish) -> None:
        self.kind, self._publish = kind, publish
        self._published: dict[str, list[str]] = {}
        """Key -> ids of messages that the bus has and the stored outbox still holds, in their order."""
        self._since = 0.0
        self._turns = Turns()
        self._pause, self._again_at = FIRST_PAUSE, 0.0

    @property
    def waiting(self) -> bool:
        """Whether any is to be emptied."""
        return bool(self._published)

    @property
    def troubled(self) -> bool:
        """Whether the bus did not take any of them."""
        return len(self._turns) > 0

    async def send_saved(self) -> None:
        """Publish what was saved here; empty what has waited for it long enough."""
        await self._send_all(self.kind.saved())
        age = time.monotonic() - self._since
        if self.waiting and (age >= PUT_OFF_SECONDS or len(self._published) >= BATCH):
            await self.empty()

    async def sweep(self) -> int:
        """Publish what waits in the store, whoever saved it; how many aggregates, `BATCH` at most."""
        self.kind.saved()
        await self.empty()
        documents = await self.kind.documents.unsent(BATCH + len(self._turns))
        fresh = [document for document in documents if document.key not in self._turns][:BATCH]
        await self._send_all(fresh)
        await self._send_again({document.key: document for document in documents})
        await self.empty()
        return len(fresh)

    async def empty(self) -> None:
        """Take what was published out of the stored outboxes."""
        if self._published:
            await self.kind.documents.sent(self._published)
            self._published = {}

    async def _send_all(self, documents: Sequence[Document]) -> None:
        """One aggregate that cannot be published does not hold up the others."""
        outcomes = [await self._tried(document) for document in documents]
        failed = [error for error in outcomes if error is not None]
        if failed:
            raise UnavailableError(f"{len(failed)} aggregates could not be published: {failed[0]}")

    async def _send_again(self, documents: Mapping[str, Document]) -> None:
        """What failed before, up to the first that fails again: a bus that is back takes all."""
        if time.monotonic() < self._again_at:
            return
        for key in self._turns.again(documents.keys()):
            failure = await self._tried(documents[key])
            if failure is not None:
                log.warning("outbox waits: %s", failure, extra={"key": key})
                self._again_at = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
                return
            self._pause = FIRST_PAUSE

    async def _tried(self, document: Document) -> Exception | None:
        failure = await failure_of(self._send(document))
        self._turns.note(document.key, failure)
        return failure

    async def _send(self, document: Document) -> None:
        for entry in document.outbox:
            if entry["id"] not in self._published.get(document.key, ()):
                await self._publish(entry)
                self._note(document.key, entry["id"])
        self.kind.published(document.key, [entry["id"] for entry in document.outbox])

    def _note(self, key: str, published: str) -> None:
        if not self._published:
            self._since = time.monotonic()
        self._published.setdefault(key, []).append(published)


async def _bounded(work: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(PARTING_SECONDS):
        await work()


async def _heard(nudge: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await nudge.wait()
    except TimeoutError:
        return
