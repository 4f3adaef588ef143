"""
The journal, and everyone who follows it.

A fact is written down at its place in its stream before the next one is delivered to any replica. Whoever wrote it
takes it in at once, after what others wrote before it; the others learn of it by the stream's head, which moves a
moment later. So every replica's index is refreshed and its listeners hear of each line exactly once and in the order
of the streams. A listener's cursor names its place in every stream, so it can go on where it stopped, at any replica,
after any restart.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from heapq import merge
from typing import Generic, TypeVar

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.tasks import together
from fedpact.portal.app.kinds import BUCKET, bucket
from fedpact.portal.domain.errors import CrowdedError, MalformedRequestError
from fedpact.portal.domain.model import Entry, Head, Measured

LOOK_SECONDS = 1.0
SOON_SECONDS = 0.25
"""How long other replicas may wait to learn of a line, so that many are told of at once."""
AHEAD = 256
"""How far behind its stream's head a line may be that a replica wrote just before it broke down."""
QUEUE = 1000
LISTENERS = 500
FAR = 5000
"""How many places behind a cursor may be; who is further behind has to read the resources themselves again."""
log = logging.getLogger(__name__)
Cursor = Mapping[str, int]
CURSOR = re.compile(r"^(?:[A-Za-z0-9_.@-]{1,80}=[0-9]{1,18}(?:,(?=.)|\Z)){0,32}\Z")
N = TypeVar("N")


class Journal:
    """Lines by their place, and how far each stream is written down."""

    def __init__(self, entries: Stored[Entry], heads: Stored[Head]) -> None:
        self._entries, self._heads = entries, heads

    async def write(self, entry: Entry, now: datetime) -> None:
        """Write it down, which nobody reads before `move`. Doing it again changes nothing."""
        await self._entries.add(entry.key, entry, Cause(now=now))

    async def move(self, stream: str, position: int, now: datetime) -> None:
        """Move the stream's head to a line that is written; never back."""
        head = Head(name=stream, position=position)
        await self._heads.change(
            stream, lambda at: [head] if at is None or at.position < position else [], Cause(now=now)
        )

    async def heads(self) -> dict[str, int]:
        """Stream -> the place of its newest line."""
        return {head.name: head.position for head in await self._heads.every()}

    async def between(self, stream: str, after: int, last: int) -> Sequence[Entry]:
        """The lines of one stream behind `after`, up to `last`."""
        if last <= after:
            return []
        found: list[Entry] = []
        for number in range((after + 1) // BUCKET, last // BUCKET + 1):
            found += await self._entries.where("bucket", bucket(stream, number * BUCKET))
        return sorted((e for e in found if after < e.position <= last), key=lambda e: e.position)

    async def of_spec(self, spec_id: str) -> Sequence[Entry]:
        """All lines about a spec and its jobs, oldest first."""
        return _in_order(await self._entries.where("spec", spec_id))

    async def of_correlation(self, correlation: str) -> Sequence[Entry]:
        """All lines of one chain of causes, oldest first."""
        return _in_order(await self._entries.where("correlation", correlation))


class Listener(Generic[N]):
    """News as they come. Ends with `None`, when it was too slow or the portal stops: go on from the cursor."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[N | None] = asyncio.Queue(QUEUE + 1)
        self.ended = False

    def tell(self, news: N) -> None:
        if not self.ended:
            if self.lines.qsize() >= QUEUE:
                self.end()
            else:
                self.lines.put_nowait(news)

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self.lines.put_nowait(None)


class Feed:
    """What this replica knows of the journal, and its listeners. `refresh` is called once a line, before they are."""

    def __init__(self, journal: Journal, refresh: Callable[[Entry], Awaitable[None]]) -> None:
        self._journal, self._refresh = journal, refresh
        self.heads: dict[str, int] = {}
        self._delivered: dict[str, int] = {}
        """Stream -> the last delivery that this replica was handed and is done with."""
        self._untold: dict[str, datetime] = {}
        """Streams whose heads are to be moved."""
        self._written = asyncio.Event()
        self._lock = asyncio.Lock()
        self._listeners: set[Listener[Entry]] = set()
        self._watchers: set[Listener[Entry | Measured]] = set()

    async def begin(self) -> None:
        """Start from the end of what is written."""
        for stream, head in (await self._journal.heads()).items():
            ahead = await self._journal.between(stream, head, head + AHEAD)
            self.heads[stream] = ahead[-1].position if ahead else head

    async def follow(self) -> None:
        """For ever: tell other replicas of what was written here, and read on what they wrote."""
        await together([self._announce_soon, self._look])

    async def advance(self) -> None:
        """Read everything that is written by now, as far as its writers have told."""
        async with self._lock:
            for stream, last in (await self._journal.heads()).items():
                await self._read_on(stream, last)

    async def wrote(self, entry: Entry, cause: Cause) -> None:
        """Take in what this replica has just written, and before it what others wrote since its last."""
        async with self._lock:
            if not self.passed(cause):
                await self._read_on(entry.origin, entry.position)
            elif entry.position > self.heads.get(entry.origin, 0):
                await self._take(entry)
        self._untold[entry.origin] = cause.now
        self._written.set()

    async def reached(self, cause: Cause) -> None:
        """Take in what others wrote of the stream before this delivery."""
        async with self._lock:
            if not self.passed(cause):
                await self._read_on(cause.stream, cause.stream_sequence)

    def passed(self, cause: Cause) -> bool:
        """A delivery is done with; whether no other replica was handed one of its stream since the last here."""
        last, self._delivered[cause.stream] = self._delivered.get(cause.stream, 0), cause.delivery
        return 0 < last == cause.delivery - 1

    async def announce(self) -> None:
        """Let the other replicas know how far the streams are written down."""
        while self._untold:
            stream, now = next(iter(self._untold.items()))
            position = self.heads.get(stream, 0)
            await self._journal.move(stream, position, now)
            if self.heads.get(stream, 0) == position:
                self._untold.pop(stream, None)

    async def _announce_soon(self) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            await asyncio.sleep(SOON_SECONDS)
            if not await _tried(self.announce):
                self._written.set()

    async def _look(self) -> None:
        while True:
            await _tried(self.advance)
            await asyncio.sleep(LOOK_SECONDS)

    async def _read_on(self, stream: str, last: int) -> None:
        for entry in await self._journal.between(stream, self.heads.get(stream, 0), last):
            await self._take(entry)

    async def _take(self, entry: Entry) -> None:
        await self._refresh(entry)
        self.heads[entry.origin] = entry.position
        for listener in self._listeners:
            listener.tell(entry)
        for watcher in self._watchers:
            watcher.tell(entry)

    def measured(self, measured: Measured) -> None:
        """A running job said how it does: for who watches, at this replica, as every replica hears of it."""
        for watcher in self._watchers:
            watcher.tell(measured)

    @contextmanager
    def listening(self) -> Iterator[Listener[Entry]]:
        """Hear every line from now on."""
        with _among(self._listeners, self._crowd()) as listener:
            yield listener

    @contextmanager
    def watching(self) -> Iterator[Listener[Entry | Measured]]:
        """Hear every line and every measurement from now on."""
        with _among(self._watchers, self._crowd()) as watcher:
            yield watcher

    def _crowd(self) -> int:
        return len(self._listeners) + len(self._watchers)

    async def missed(self, cursor: Cursor, heads: Cursor) -> tuple[bool, Sequence[Entry]]:
        """Whether all of it is there, and the lines between the two, each stream in its order."""
        found: list[Sequence[Entry]] = []
        whole = True
        for stream, last in heads.items():
            after = cursor.get(stream, 0)
            whole = whole and last - after <= FAR
            found.append(await self._journal.between(stream, max(after, last - FAR), last))
        return whole, list(merge(*found, key=lambda e: e.time))

    def close(self) -> None:
        """Let every listener end."""
        for listener in self._listeners:
            listener.end()
        for watcher in self._watchers:
            watcher.end()


def cursor_text(cursor: Cursor) -> str:
    """The cursor as the id of an event."""
    return ",".join(f"{stream}={position}" for stream, position in sorted(cursor.items()))


def read_cursor(text: str) -> dict[str, int]:
    """The cursor an event id spells."""
    if not CURSOR.match(text):
        raise MalformedRequestError("`Last-Event-ID` is not the id of an event: leave it out", path="Last-Event-ID")
    parts = (part.partition("=") for part in text.split(",") if part)
    return {stream: int(position) for stream, _, position in parts}


def _in_order(entries: Sequence[Entry]) -> Sequence[Entry]:
    return sorted(entries, key=lambda e: (e.time, e.origin, e.position))


@contextmanager
def _among(listeners: set[Listener[N]], crowd: int) -> Iterator[Listener[N]]:
    if crowd >= LISTENERS:
        raise CrowdedError("too many follow the events here already: try again in a minute")
    listener: Listener[N] = Listener()
    listeners.add(listener)
    try:
        yield listener
    finally:
        listeners.discard(listener)


async def _tried(work: Callable[[], Awaitable[None]]) -> bool:
    """Whether it could be done; a store that is away comes back."""
    try:
        await work()
    except UnavailableError as error:
        log.warning("the feed waits: %s", error)
        return False
    return True
