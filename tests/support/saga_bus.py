"""
A bus and stores in one process that stop at every step, so that a schedule decides who goes on.

Each stream is delivered in its order to each consumer, one message at a time; between streams, consumers, relays and
timers there is no order. Whoever stops may never go on: what is in flight is then delivered again.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import coroutine
from typing import Any

from fedpact.chassis.aggregates import Cause
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.deliveries import Delivery, Handle
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts import subjects
from fedpact.contracts.envelope import Envelope, Message

Work = Coroutine[None, None, Any]


@coroutine
def pause() -> Generator[None, None, None]:
    """Here others may go on, or the process may die."""
    yield


class Pausing(MemoryDocuments):
    """A store that lets others go on before each access."""

    async def load(self, key: str) -> Document | None:
        await pause()
        return await super().load(key)

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        await pause()
        return await super().save(document, expected=expected, added=added, at=at)

    async def sent(self, published: Mapping[str, Sequence[str]]) -> None:
        await pause()
        await super().sent(published)

    async def where(self, index: str, value: str) -> Sequence[Document]:
        await pause()
        return await super().where(index, value)


def finish(work: Work) -> Any:
    """Run `work` to its end with nobody in between."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value


@dataclass(slots=True)
class Streams:
    """What was published. `forgets` says whether a double slips through, as it does after the stream's window."""

    clock: FakeClock
    forgets: Callable[[], bool]
    logs: dict[str, list[Delivery]] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _last: dict[str, int] = field(default_factory=dict)

    async def publish(self, entry: Entry) -> None:
        await pause()
        if entry["id"] in self._ids and not self.forgets():
            return
        self._ids.add(entry["id"])
        stream = entry["stream"]
        log = self.logs.setdefault(stream, [])
        if stream == "directives":
            log[:] = [older for older in log if older.subject != entry["subject"]]
        self._last[stream] = self._last.get(stream, 0) + 1
        log.append(self._stored(entry, self._last[stream]))

    def after(self, stream: str, sequence: int, kinds: Mapping[str, Handle]) -> Delivery | None:
        """The first message past `sequence` of one of `kinds`."""
        log = self.logs.get(stream, [])
        start = 0 if stream == "directives" else sequence
        return next((d for d in log[start:] if d.sequence > sequence and d.headers["ce-type"] in kinds), None)

    def last(self, stream: str) -> int:
        """The number of the last message that was ever stored there."""
        return self._last.get(stream, 0)

    def facts(self, kind: type[Message]) -> list[Any]:
        """Everything of one type, in order."""
        log = self.logs.get(kind.stream, [])
        return [kind.model_validate_json(d.body) for d in log if d.headers["ce-type"] == kind.type]

    def _stored(self, entry: Entry, sequence: int) -> Delivery:
        return Delivery(
            subject=entry["subject"],
            headers=entry["headers"],
            body=entry["body"].encode(),
            stream=entry["stream"],
            consumer="",
            sequence=sequence,
            stored_at=self.clock.now(),
        )


@dataclass(slots=True)
class Durable:
    """One consumer of one stream."""

    stream: str
    handlers: dict[str, Handle] = field(default_factory=dict)
    acked: int = 0
    owed: int = 0
    following: tuple[tuple[int, int], Delivery | None] | None = None
    """What comes next, and what was acknowledged and stored when that was looked up."""


class Desk:
    """The bus as one process sees it: what `entrypoints` subscribe to."""

    def __init__(self, accepts: Callable[[Delivery], bool] = lambda _: True) -> None:
        self.durables: dict[str, Durable] = {}
        self._accepts = accepts

    def on(self, kind: type[Any], handle: Callable[[Any, Cause], Awaitable[None]]) -> None:
        async def receive(delivery: Delivery, envelope: Envelope, cause: Cause) -> None:
            message = kind.model_validate_json(delivery.body)
            assert message.told_by(envelope.route, envelope.source)
            if self._accepts(delivery):
                await handle(message, cause)

        self.on_command(kind, receive)

    def on_command(self, kind: type[Message], handle: Handle) -> None:
        self.durables.setdefault(kind.stream, Durable(kind.stream)).handlers[kind.type] = handle


@dataclass(slots=True)
class Process:
    """One service or agent: its consumers, its relay and its timers, each at one thing at a time."""

    name: str
    clock: FakeClock
    streams: Streams
    desk: Desk
    loops: Mapping[str, Callable[[], Work]]
    """What it does of itself, again and again."""
    gated: frozenset[str] = frozenset({"ticks"})
    """Loops that begin only when what waited at the start was handled."""
    online: bool = True
    stalled: str = ""
    """The one consumer that lags behind the others."""
    running: dict[str, tuple[Work, Delivery | None]] = field(default_factory=dict)

    def crash(self) -> None:
        """Everything in flight is lost; what waits now is owed before a timer fires."""
        for work, _ in self.running.values():
            work.close()
        self.running.clear()
        for durable in self.desk.durables.values():
            if durable.stream == "directives":
                durable.acked = 0
            log = self.streams.logs.get(durable.stream, [])
            durable.owed = log[-1].sequence if log else 0

    def choices(self) -> list[str]:
        """What it could go on with."""
        idle = [name for name in (*self.desk.durables, *self.loops) if name not in self.running]
        return [name for name in (*self.running, *idle) if self.able(name)]

    def able(self, name: str) -> bool:
        """Whether that is among the `choices`."""
        if name == self.stalled:
            return False
        if name in self.running:
            return self.online or name in self.gated
        if name in self.loops:
            return self._may(name)
        return self.online and self._next(name) is not None

    def go_on(self, name: str, *, loses_ack: bool = False) -> None:
        """One step of one thing."""
        if name not in self.running:
            self.running[name] = self._begin(name)
        work, delivery = self.running[name]
        try:
            work.send(None)
        except StopIteration:
            del self.running[name]
            if delivery is not None and not loses_ack:
                self.desk.durables[name].acked = delivery.sequence
        except UnavailableError:
            del self.running[name]

    def _begin(self, name: str) -> tuple[Work, Delivery | None]:
        if name in self.loops:
            return self.loops[name](), None
        delivery = self._next(name)
        assert delivery is not None
        envelope = Envelope.from_headers(delivery.headers)
        known = {"route": subjects.last_token(delivery.subject)}
        envelope = envelope.model_copy(update=known)
        cause = Cause(
            now=self.clock.now(), envelope=envelope, stream=delivery.stream, stream_sequence=delivery.sequence
        )
        handle = self.desk.durables[name].handlers[envelope.type]
        return handle(delivery, envelope, cause), delivery  # type: ignore[return-value]

    def _next(self, stream: str) -> Delivery | None:
        durable = self.desk.durables[stream]
        when = durable.acked, self.streams.last(stream)
        if durable.following is None or durable.following[0] != when:
            durable.following = when, self.streams.after(stream, durable.acked, durable.handlers)
        return durable.following[1]

    def _may(self, loop: str) -> bool:
        if loop == "relay":
            return self.online
        return loop not in self.gated or all(self._paid(d) for d in self.desk.durables.values())

    def _paid(self, durable: Durable) -> bool:
        following = self._next(durable.stream)
        return following is None or following.sequence > durable.owed
