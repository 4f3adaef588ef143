"""
What happens to one delivered message: handled, tried again, or set aside.

Store or bus unreachable is nobody's fault: the message is given back and comes again, without limit. An error the
handler raised is retried in place for a bounded time; then, or at once when the message is malformed, it goes to the
dead-letter stream with its error, a `Quarantined` fact says so, and the neighbours go on. A handler that never
answers is such an error too.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import ValidationError

from fedpact.chassis.aggregates import Cause, entry
from fedpact.chassis.clock import Clock
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import UnavailableError, UnreadableError
from fedpact.chassis.guard import failure_of
from fedpact.contracts import subjects
from fedpact.contracts.envelope import TOKEN_HEADER, DomainError, Envelope, Quarantined, message_id

log = logging.getLogger(__name__)
NAK_SECONDS = 1.0
HANDLER_SECONDS = 30.0
BEAT_SECONDS = 4.0
"""A third of the time after which a stream takes an unacknowledged message back."""
DOUBLES_DROPPED = timedelta(minutes=10)
"""How long a stream knows the ids it has stored and drops a double."""
FINAL = (UnavailableError, UnreadableError, DomainError)
"""What trying again in place does not change."""
LETTER_BYTES = 1_000_000
HEADER_BYTES = 16_000
"""A dead letter is cut to these, so that no message is too large to be set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message as the stream handed it over."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    stream: str
    consumer: str
    sequence: int
    stored_at: datetime
    deliveries: int = 1
    number: int = 0
    """Which delivery of the consumer this is, counted from 1."""
    epoch: int = 0
    """Milliseconds since 1970 of the stream's creation."""


class Receipt(Protocol):
    """How the stream is told what became of the message."""

    async def ack(self) -> None: ...

    async def nak(self, delay: float) -> None: ...

    async def term(self) -> None: ...

    async def in_progress(self) -> None: ...


Handle = Callable[[Delivery, Envelope, Cause], Awaitable[None]]


class Inbox:
    """Everything one service does with the deliveries of one durable consumer."""

    def __init__(
        self,
        handlers: Mapping[str, Handle],
        publish: Callable[[Entry], Awaitable[None]],
        clock: Clock,
        *,
        retry_seconds: float,
        quarantined: type[Quarantined] | None,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._handlers, self._publish, self._clock = handlers, publish, clock
        self._beat_seconds = beat_seconds
        self._retry_seconds, self._quarantined = retry_seconds, quarantined
        self.otherwise: Handle | None = None
        """Who gets what no handler is there for; without it that is nobody's business here."""
        self.handled = 0
        self.trouble: str | None = None

    async def take(self, delivery: Delivery, receipt: Receipt) -> None:
        """Handle the delivery and tell the stream."""
        async with _KnownToLive(receipt, self._beat_seconds):
            failure = trouble = await self._failure(delivery)
        if failure is not None and not isinstance(failure, UnavailableError):
            trouble = await failure_of(self._set_aside(delivery, failure))
        if trouble is not None:
            log.warning("message given back: %s", trouble, extra={"key": delivery.subject})
            await receipt.nak(NAK_SECONDS)
        elif failure is None:
            await receipt.ack()
        else:
            await receipt.term()
        self.trouble = str(trouble) if trouble else None
        self.handled += trouble is None

    async def _failure(self, delivery: Delivery) -> Exception | None:
        try:
            envelope = envelope_of(delivery.headers, delivery.subject)
        except (ValidationError, ValueError) as error:
            return UnreadableError(f"the envelope is malformed: {_first(error)}")
        handle = self._handlers.get(envelope.type, self.otherwise)
        if handle is None:
            return None
        return await self._tried(lambda: handle(delivery, envelope, self._cause(delivery, envelope)))

    async def _tried(self, attempt: Callable[[], Awaitable[None]]) -> Exception | None:
        time = asyncio.get_running_loop().time
        until = time() + self._retry_seconds
        for delay in _growing():
            failure = await failure_of(_bounded(attempt))
            if failure is None or isinstance(failure, FINAL) or time() + delay > until:
                return failure
            log.warning("handler failed, tried again in %.1f s: %r", delay, failure)
            await asyncio.sleep(delay)
        return None

    def _cause(self, delivery: Delivery, envelope: Envelope) -> Cause:
        return Cause(
            now=self._clock.now(),
            envelope=envelope,
            stream=delivery.stream,
            stream_sequence=delivery.sequence,
            stream_epoch=delivery.epoch,
            delivery=delivery.number,
        )

    async def _set_aside(self, delivery: Delivery, failure: Exception) -> None:
        error = f"{type(failure).__name__}: {failure}".replace("\n", " ")[:500]
        log.error("message set aside: %s", error, extra={"key": delivery.subject})
        await self._publish(_dead_letter(delivery, error))
        if self._quarantined is not None:
            await self._publish(self._notice(self._quarantined, delivery, error))

    def _notice(self, kind: type[Quarantined], delivery: Delivery, error: str) -> Entry:
        consumer = delivery.consumer
        fact = kind(
            consumer=consumer, original_subject=delivery.subject, stream_sequence=delivery.sequence, error=error
        )
        envelope = Envelope(
            id=message_id(f"quarantine/{delivery.stream}", 0, consumer, delivery.sequence),
            source=f"fedpact/{consumer}/quarantine",
            type=fact.type,
            subject=consumer,
            time=self._clock.now(),
        )
        return entry(fact, envelope)


async def _bounded(attempt: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(HANDLER_SECONDS):
        await attempt()


class _KnownToLive:
    """
    Tell the stream now and then that the message is still being worked on.

    So the stream can take it back soon after a crash, however long a handler may take. Most take a moment: for them
    this is a timer that never rings.
    """

    def __init__(self, receipt: Receipt, every: float) -> None:
        self._receipt, self._every = receipt, every
        self._telling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every, self._tell)

    async def __aexit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._telling:
            self._telling.cancel()
            await asyncio.wait([self._telling])

    def _tell(self) -> None:
        self._telling = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await self._receipt.in_progress()
            await asyncio.sleep(self._every)


def envelope_of(headers: Mapping[str, str], subject: str) -> Envelope:
    """The envelope, with channel and route as the bus authenticated them, not as the headers claim."""
    known = {"channel": subjects.channel_of(subject), "route": subjects.last_token(subject)}
    return Envelope.model_validate(Envelope.from_headers(headers).model_dump() | known)


def _dead_letter(delivery: Delivery, error: str) -> Entry:
    kept = {k: v for k, v in delivery.headers.items() if not k.startswith("Nats-") and k.lower() != TOKEN_HEADER}
    if sum(len(k) + len(v) for k, v in kept.items()) > HEADER_BYTES:
        kept = {}
    letter = f"{delivery.stream}:{delivery.consumer}:{delivery.sequence}"
    told = {
        "x-error": error.encode("ascii", "replace").decode(),
        "x-subject": delivery.subject,
        "x-stream-sequence": str(delivery.sequence),
        "x-deliveries": str(delivery.deliveries),
        "Nats-Msg-Id": letter,
    }
    return Entry(
        id=letter,
        stream="dlq",
        subject=subjects.dead_letter(delivery.stream, delivery.consumer),
        headers=kept | told,
        body=delivery.body[:LETTER_BYTES].decode(errors="replace"),
    )


def _growing() -> Iterator[float]:
    delay = 0.1
    while True:
        yield delay
        delay = min(delay * 2, 5.0)


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
