"""
One aggregate, one document, one write.

A handler hands `change` a pure step. The store loads the state, runs the step, folds the facts it returns and
saves state, facts and inbox mark together; if somebody else was faster it starts over, which is safe because the
step is pure. What was handled before is skipped: commands by id, facts by the sequence of their source.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from fedpact.chassis.documents import Document, Documents, Entry, Mark
from fedpact.chassis.errors import BacklogError, NotFoundError, StaleVersionError
from fedpact.chassis.telemetry import current_traceparent
from fedpact.contracts.envelope import Accepted, DomainError, Envelope, Fact, Message, message_id

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)
Step = Callable[[S | None], Sequence[Fact]]
"""The facts a state brings about; `None` is an aggregate that does not exist yet."""

ATTEMPTS = 16
SEEN = 64
APPLIED = 512
BACKLOG = 500
REMEMBERED = 64
"""Documents of one kind whose last save is kept in memory."""
BEGINNING = 3
"""The most a first save tells: what began it, what follows from that, and the outcome of the command."""
LARGEST = 4_000_000
"""Bytes of one message: half of what the bus takes, and a quarter of what a document may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What brings a change about. Without an envelope it is the passing of time."""

    now: datetime
    envelope: Envelope | None = None
    stream: str = ""
    stream_sequence: int = 0
    stream_epoch: int = 0
    """Milliseconds since 1970 of the stream's creation: one made anew counts from the beginning."""
    delivery: int = 0
    """Which delivery of its durable this is, to whichever replica, counted from 1."""
    accepted: Accepted | None = None
    """For a command: the outcome to publish with the change, even when nothing else does."""


def _nothing(before: object, after: object) -> Sequence[Message]:  # noqa: ARG001 - a default
    return ()


def _never(state: object) -> datetime | None:  # noqa: ARG001 - a default
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[S]):
    """How one kind of aggregate is kept and what follows from a change of it."""

    source: str
    """`fedpact/<service>/<collection>`, the CloudEvents source of its messages."""
    state: type[S]
    evolve: Callable[[S | None, Fact], S]
    derive: Callable[[S | None, S], Sequence[Message]] = _nothing
    """Messages that follow from the change as a whole, such as directives: not folded into the state."""
    due: Callable[[S], datetime | None] = _never
    expires: Callable[[S], datetime | None] = _never
    indexes: Mapping[str, Callable[[S], Iterable[str]]] = field(default_factory=dict)
    route: str | None = None
    """A fixed last subject token, for a publisher that may use only its own."""
    inbox_per_stream: bool = False
    """One mark per stream instead of one per source aggregate: for a single document that hears everything."""
    silent: bool = False
    """Facts are folded and not published: a copy of what somebody else owns."""

    @property
    def timed(self) -> bool:
        """Whether aggregates of this kind may ask for a moment they hear of."""
        return self.due is not _never


class Aggregates(Protocol[S_co]):
    """All aggregates of one kind."""

    async def find(self, key: str) -> S_co | None:
        """The state, or `None`."""
        ...

    async def get(self, key: str) -> S_co:
        """The state; `NotFoundError` when there is none."""
        ...

    async def where(self, index: str, value: str) -> Sequence[S_co]:
        """States that hold `value` in a declared index."""
        ...

    async def every(self) -> Sequence[S_co]:
        """All states."""
        ...

    async def change(self, key: str, step: Step[S_co], cause: Cause) -> Sequence[Fact]:
        """Run `step` and keep what it brings about; nothing when `cause` was handled before."""
        ...


_CODECS: dict[object, TypeAdapter[Any]] = {}
"""Of each type of state one: making it takes longer than most of what it then does."""


def _codec(state: type[S]) -> TypeAdapter[S]:
    if state not in _CODECS:
        _CODECS[state] = TypeAdapter(state)
    return _CODECS[state]


class Stored(Generic[S]):
    """Aggregates over any `Documents`."""

    def __init__(self, documents: Documents, kind: Kind[S]) -> None:
        self.documents, self.kind = documents, kind
        self.nudge = asyncio.Event()
        self._saved: dict[str, Document] = {}
        self._remembered: OrderedDict[str, Document] = OrderedDict()
        self._deadlines: list[datetime] = []
        self._codec: TypeAdapter[S] = _codec(kind.state)

    async def find(self, key: str) -> S | None:
        found = await self.documents.load(key)
        return self._state(found) if found else None

    async def get(self, key: str) -> S:
        found = await self.find(key)
        if found is None:
            raise NotFoundError(key)
        return found

    async def where(self, index: str, value: str) -> Sequence[S]:
        return [self._codec.validate_python(d.state) for d in await self.documents.where(index, value)]

    async def every(self) -> Sequence[S]:
        return [self._codec.validate_python(d.state) for d in await self.documents.every()]

    async def change(self, key: str, step: Step[S], cause: Cause) -> Sequence[Fact]:
        guess = self._remembered.pop(key, None) or _before_the_first(key, cause)
        facts = await self._guessed(guess, step, cause) if guess else None
        return facts if facts is not None else await self._changed(key, step, cause)

    async def _guessed(self, before: Document, step: Step[S], cause: Cause) -> Sequence[Fact] | None:
        """
        The step on what is likely stored: what was last saved here, or nothing. That spares the look.

        Only a save proves the guess. Whatever else comes of it has to come of what is stored.
        """
        if self._handled(before, cause) or len(before.outbox) >= BACKLOG:
            return None
        try:
            facts = step(self._state(before))
        except DomainError:
            return None
        worth = bool(facts) or self._worth_a_mark(before, cause)
        return facts if worth and await self._save(before, facts, cause) else None

    async def _changed(self, key: str, step: Step[S], cause: Cause) -> Sequence[Fact]:
        for _ in range(ATTEMPTS):
            before = await self.documents.load(key) or Document(key=key)
            if self._handled(before, cause):
                return ()
            if len(before.outbox) >= BACKLOG:
                raise BacklogError(f"`{key}` has {len(before.outbox)} messages the bus has not taken")
            facts = step(self._state(before))
            if not facts and not self._worth_a_mark(before, cause):
                return ()
            if await self._save(before, facts, cause):
                return facts
        raise StaleVersionError(f"`{key}` is changed by too many at once")

    async def carried_out(self, key: str, command: str) -> bool:
        """Whether `key` accepted the command of this id, one of the last of its commands."""
        found = await self.documents.load(key)
        return found is not None and command in found.seen

    async def add(self, key: str, fact: Fact, cause: Cause) -> bool:
        """Begin an aggregate with `fact`, in one write; `False` when there is one already."""
        return await self._save(Document(key=key), [fact], cause)

    def saved(self) -> Sequence[Document]:
        """What was saved here since this was last asked, with all of its outbox; the store may know of more."""
        saved, self._saved = self._saved, {}
        return list(saved.values())

    def came_due(self, now: datetime) -> bool:
        """Whether a deadline that was saved here has come since this was last asked."""
        before = len(self._deadlines)
        while self._deadlines and self._deadlines[0] <= now:
            heappop(self._deadlines)
        return len(self._deadlines) < before

    def published(self, key: str, ids: Container[str]) -> None:
        """The bus has these messages of `key`: nobody here needs to publish them again."""
        for known in (self._remembered, self._saved):
            if document := known.get(key):
                left = tuple(entry for entry in document.outbox if entry["id"] not in ids)
                known[key] = replace(document, outbox=left)

    async def _save(self, before: Document, facts: Sequence[Fact], cause: Cause) -> bool:
        state = self._state(before)
        after = state
        for fact in facts:
            after = self.kind.evolve(after, fact)
        messages: list[Message] = [] if self.kind.silent else list(facts)
        if after is not None and not self.kind.silent:
            messages += self.kind.derive(state, after)
        if cause.accepted:
            messages.append(cause.accepted)
        document = self._next(before, after, len(messages), cause)
        added = [self._entry(document, before.sequence + n, m, cause) for n, m in enumerate(messages, 1)]
        saved = await self.documents.save(document, expected=before.version, added=added, at=cause.now)
        if saved:
            stored = replace(document, version=before.version + 1, outbox=(*before.outbox, *added))
            self._remember(stored)
            if document.due_at is not None and document.due_at != before.due_at:
                heappush(self._deadlines, document.due_at)
            if added:
                self._note(stored)
        return saved

    def _remember(self, document: Document) -> None:
        self._remembered[document.key] = document
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _note(self, document: Document) -> None:
        if len(self._saved) < BACKLOG:
            self._saved[document.key] = document
        self.nudge.set()

    def _state(self, document: Document) -> S | None:
        return None if document.state is None else self._codec.validate_python(document.state)

    def _next(self, before: Document, after: S | None, count: int, cause: Cause) -> Document:
        envelope = cause.envelope
        return replace(
            before,
            sequence=before.sequence + count,
            state=None if after is None else self._codec.dump_python(after, mode="json"),
            seen=(*before.seen, envelope.id)[-SEEN:] if envelope and cause.accepted else before.seen,
            applied=self._marked(before.applied, cause),
            indexes={} if after is None else {n: tuple(of(after)) for n, of in self.kind.indexes.items()},
            route=self._route(before, cause),
            channel=self._channel(before, cause),
            correlation=envelope.correlationid if envelope else before.correlation,
            due_at=None if after is None else self.kind.due(after),
            expires_at=None if after is None else self.kind.expires(after),
        )

    def _channel(self, before: Document, cause: Cause) -> str:
        """That of what it began with; for a single document that hears everything, of what it hears now."""
        begins = before.version == 0 or self.kind.inbox_per_stream
        return cause.envelope.channel if cause.envelope and begins else before.channel

    def _route(self, before: Document, cause: Cause) -> str:
        if self.kind.route is not None:
            return self.kind.route
        if cause.envelope and (cause.accepted or not before.route):
            return cause.envelope.route
        return before.route or "hub"

    def _entry(self, document: Document, sequence: int, message: Message, cause: Cause) -> Entry:
        source, epoch = self.kind.source, self.documents.epoch
        envelope = Envelope(
            id=message_id(source, epoch, document.key, sequence),
            source=source,
            type=message.type,
            subject=document.key,
            time=cause.now,
            sequence=sequence,
            epoch=epoch,
            correlationid=document.correlation,
            causationid=cause.envelope.id if cause.envelope else None,
            route=document.route,
            channel=document.channel,
            traceparent=current_traceparent(),
        )
        return entry(message, envelope)

    def _handled(self, before: Document, cause: Cause) -> bool:
        if cause.envelope is None:
            return False
        if cause.accepted:
            return cause.envelope.id in before.seen
        source, mark = self._mark(cause)
        return source in before.applied and mark <= tuple(before.applied[source])

    def _worth_a_mark(self, before: Document, cause: Cause) -> bool:
        return cause.accepted is not None or (cause.envelope is not None and before.version > 0)

    def _marked(self, applied: Mapping[str, Mark], cause: Cause) -> Mapping[str, Mark]:
        if cause.envelope is None or cause.accepted:
            return applied
        source, mark = self._mark(cause)
        kept = {s: m for s, m in applied.items() if s != source} | {source: mark}
        return dict(list(kept.items())[-APPLIED:])

    def _mark(self, cause: Cause) -> tuple[str, Mark]:
        envelope = cause.envelope
        assert envelope is not None
        if self.kind.inbox_per_stream:
            return cause.stream, (cause.stream_epoch, cause.stream_sequence)
        # with the stream, which the bus authenticates: nobody fills in the marks of another context's facts
        name = f"{cause.stream}|{envelope.source}|{envelope.subject}"
        return name.replace(".", "_"), (envelope.epoch, envelope.sequence)


def _before_the_first(key: str, cause: Cause) -> Document | None:
    """Nothing: what a command that begins something finds, and a fact of its beginning that begins a copy of it."""
    first = cause.accepted is not None or (cause.envelope is not None and cause.envelope.sequence <= BEGINNING)
    return Document(key=key) if first else None


class OversizeError(DomainError):
    """What would have to be told is more than the bus carries."""

    slug = "too_large"


def entry(message: Message, envelope: Envelope) -> Entry:
    """
    `message` as the relay publishes it.

    One that the bus will never take is an error before it is saved: in an outbox it would hold up all that follow.
    """
    headers, body = envelope.headers(), message.model_dump_json()
    if len(body.encode()) > LARGEST:
        raise OversizeError(f"`{message.type}` would have {len(body)} characters, {LARGEST} bytes are carried at most")
    if message.lifetime is not None:
        headers["Nats-TTL"] = f"{message.lifetime}s"
    return Entry(
        id=envelope.id,
        stream=message.stream,
        subject=message.subject(envelope.channel, envelope.route),
        headers=headers,
        body=body,
    )
