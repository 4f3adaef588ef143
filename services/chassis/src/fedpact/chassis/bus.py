"""
NATS JetStream through FastStream. Only this module and those named after it know either.

Typed facts in, typed facts out; the rest of a service never sees a subject string. The settings below are not taste:
each default they replace loses messages, spins or gives up (no reconnect after two minutes, a handler error that
terminates the message, batches that strand, a 0.5 s publish timeout). Streams and durables are made by an
administrator; a service binds to what is there and may make nothing.

One durable per stream, named after the service, one message at a time: order is kept, and a redelivery can only
directly follow its message.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from faststream import AckPolicy
from faststream.exceptions import IncorrectState
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.opentelemetry import NatsTelemetryMiddleware
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError as ConsumerNotFoundError
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from fedpact.chassis import bus_admin, bus_login
from fedpact.chassis.aggregates import Cause
from fedpact.chassis.bus_metrics import counting
from fedpact.chassis.bus_pulls import JetStreamReceipt, Pulls, Take, delivery_of
from fedpact.chassis.clock import Clock
from fedpact.chassis.deliveries import NAK_SECONDS, Delivery, Handle, Inbox, envelope_of
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import ConsumerLostError, UnavailableError, UnreadableError
from fedpact.chassis.questions import Q, replying
from fedpact.chassis.settings import ServiceSettings
from fedpact.chassis.telemetry import resumed
from fedpact.contracts import subjects
from fedpact.contracts.envelope import Command, Envelope, Message, Model, Quarantined
from fedpact.contracts.mistakes import first_misfit

F = TypeVar("F", bound=Message)
log = logging.getLogger(__name__)
PUBLISH_SECONDS = 5.0
ASK_SECONDS = 5.0
LOOK_SECONDS = 15.0
NOT_REACHED = "the bus is not reached yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDurable:
    """
    A durable of this service alone that delivers from the first message again at every start.

    Whoever lost its store still learns all that is wanted of it: the stream keeps the last message of each subject.
    """

    stream: str
    name: str


@dataclass(slots=True)
class _Durable:
    stream: str
    name: str
    inbox: Inbox
    handlers: dict[str, Handle] = field(default_factory=dict)
    pulls: Pulls | None = None
    """Whoever asks for its messages, once that has begun."""
    owed: int | None = None
    """Messages that waited at the start; `None` until asked."""
    epoch: int | None = None
    """When its stream was made; `None` until asked."""
    delivered: int = 0
    """The last delivery's number among all deliveries. It only falls when the durable was made anew."""


class Bus:
    """The bus as one service sees it. `service` names its durables and its private inbox."""

    def __init__(
        self,
        settings: ServiceSettings,
        service: str,
        clock: Clock,
        *,
        tracer: TracerProvider,
        quarantined: type[Quarantined] | None = None,
        own: OwnDurable | None = None,
    ) -> None:
        self.service, self._clock, self._settings = service, clock, settings
        self._own = own
        self._quarantined = quarantined
        self._durables: dict[str, _Durable] = {}
        self._begun = False
        self._closed = asyncio.Event()
        self.registry = CollectorRegistry()
        self._inbox = f"_INBOX_{service}"
        self.broker = _broker(settings, service, self._inbox, tracer, self.registry, self._closed)

    def on(self, kind: type[F], handle: Callable[[F, Cause], Awaitable[None]]) -> None:
        """Call `handle` with every message of `kind`, at least once, in the order of its stream."""

        async def receive(delivery: Delivery, envelope: Envelope, cause: Cause) -> None:
            await handle(_read(kind, delivery, envelope), cause)
            log.info(
                "handled", extra={"fact": kind.type, "key": envelope.subject, "correlation": envelope.correlationid}
            )

        self._bind(kind.stream, kind.type, receive)

    def on_command(self, kind: type[Command], handle: Handle) -> None:
        """Hand every command of `kind` to `handle`, raw: `Commands` reads it and verifies its sender."""
        self._bind(kind.stream, kind.type, handle)

    def on_other_commands(self, handle: Handle) -> None:
        """Hand every command to `handle` that nothing else here takes."""
        self._durable(Command.stream).inbox.otherwise = handle

    def on_query(self, kind: type[Q], answer: Callable[[Q], Awaitable[Model]]) -> None:
        """Answer every question of `kind`. Replicas share the questions."""
        reply, subject = replying(kind, answer), subjects.query(*kind.type.split(".", 1))

        async def receive(message: NatsMessage) -> str:
            return await reply(message.raw_message.data)

        self.broker.subscriber(subject, queue=self.service, title=f"{self.service}:{subject}")(receive)

    def watch(self, subject: str, see: Callable[[Envelope, bytes], Awaitable[None]]) -> None:
        """Call `see` with what is published on `subject` from now on, at most once: for looking, not for deciding."""

        async def receive(message: NatsMessage) -> None:
            try:
                envelope = envelope_of(message.raw_message.headers or {}, message.raw_message.subject)
            except (ValidationError, ValueError):
                return
            await see(envelope, message.raw_message.data)

        self.broker.subscriber(subject, title=f"{self.service}:{subject}", no_reply=True)(receive)

    async def publish(self, entry: Entry) -> None:
        """Have the stream store `entry`; once more is harmless."""
        with resumed(entry["headers"].get("traceparent")):
            await self._published(entry)

    async def tell(self, message: Message, envelope: Envelope) -> None:
        """Publish without keeping: telemetry, where a lost message is no loss."""
        body = message.model_dump_json().encode()
        subject = message.subject(envelope.channel, envelope.route)
        await self.broker.publish(body, subject, headers=envelope.headers())

    async def ask(self, context: str, verb: str, question: str) -> bytes:
        """The answer of whoever answers that query; `UnavailableError` when nobody does in time."""
        try:
            answer = await self.broker.request(question.encode(), subjects.query(context, verb), timeout=ASK_SECONDS)
        except (NatsError, IncorrectState, TimeoutError) as error:
            raise UnavailableError(f"`{context}` does not answer: {_why(error)}") from error
        return bytes(answer.body)

    async def start(self) -> None:
        """Connect and begin to consume. Waits for a server that is not there yet."""
        await self.broker.connect()
        if self._own:
            await bus_admin.deliver_anew(self.broker.config.connection_state.stream, self._own)
        consumes = [(durable, self._subscribe(durable)) for durable in self._durables.values()]
        await self.broker.start()
        for durable, consume in consumes:
            await self._pull(durable, consume)
        self._begun = True

    async def stop(self) -> None:
        """Finish the running handlers, give back what comes besides, and disconnect."""
        pulls = [durable.pulls for durable in self._durables.values() if durable.pulls]
        for one in pulls:
            one.ask_no_more()
        await asyncio.gather(*(one.end() for one in pulls))
        try:
            await self.broker.stop()
        except NatsError:  # it is just connecting anew, and cannot say goodbye
            await self.broker.config.connection_state.connection.close()

    async def reconnect(self) -> None:
        """Connect anew, with the credentials as they are now."""
        await self.broker.config.connection_state.connection.force_reconnect()

    async def problem(self) -> str | None:
        """What keeps this service from consuming, for readiness; `None` when nothing does."""
        if not self._begun:
            return NOT_REACHED
        if not await self.broker.ping(1.0):
            return "the bus does not answer"
        for durable in self._durables.values():
            if durable.inbox.trouble:
                return durable.inbox.trouble
            try:
                await self._info(durable)
            except ConsumerNotFoundError:
                return f"the durable consumer `{durable.name}` on `{durable.stream}` is gone"
            except (NatsError, TimeoutError):
                return f"the stream `{durable.stream}` does not answer"
        return None

    async def caught_up(self) -> None:
        """Wait until everything that was pending at the start is handled."""
        for durable in self._durables.values():
            while not await self._has_caught_up(durable):  # noqa: ASYNC110 - the event happens in the server
                await asyncio.sleep(0.1)

    async def watchdog(self) -> None:
        """End with `ConsumerLostError` when a durable is gone or the connection was closed for good."""
        missing = 0
        while missing < 3:  # noqa: PLR2004 - once may be a server that restarts
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._closed.wait()
                raise ConsumerLostError("the bus closed the connection")
            except TimeoutError:
                missing = missing + 1 if await self._gone() else 0
        raise ConsumerLostError("a durable consumer is gone: apply the topology of the bus again")

    @property
    def subscriptions(self) -> Mapping[str, frozenset[str]]:
        """Stream -> message types handled here."""
        return {stream: frozenset(durable.handlers) for stream, durable in self._durables.items()}

    def _bind(self, stream: str, kind: str, handle: Handle) -> None:
        self._durable(stream).handlers[kind] = handle

    def _durable(self, stream: str) -> _Durable:
        if stream not in self._durables:
            handlers: dict[str, Handle] = {}
            inbox = Inbox(
                handlers,
                self.publish,
                self._clock,
                retry_seconds=self._settings.retry_seconds,
                quarantined=self._quarantined,
            )
            name = self._own.name if self._own and self._own.stream == stream else self.service
            self._durables[stream] = _Durable(stream=stream, name=name, inbox=inbox, handlers=handlers)
        return self._durables[stream]

    def _subscribe(self, durable: _Durable) -> Take:
        async def receive(message: NatsMessage) -> None:
            raw, receipt = message.raw_message, JetStreamReceipt(message.raw_message)
            try:
                epoch = await self._epoch(durable, raw.metadata.sequence.consumer)
            except (NatsError, TimeoutError):
                await receipt.nak(NAK_SECONDS)
            else:
                await durable.inbox.take(delivery_of(raw, epoch), receipt)

        subscriber = self.broker.subscriber(
            stream=JStream(durable.stream, declare=False),
            durable=durable.name,
            pull_sub=PullSub(1),
            config=ConsumerConfig(),
            ack_policy=AckPolicy.MANUAL,
            title=f"{self.service}:{durable.stream}",
            no_reply=True,  # or its sender chose, by a header, where this service publishes
        )
        subscriber(receive)
        connection, domain = self.broker.config.connection_state.connection, self._settings.nats_domain
        api = f"$JS.{domain}.API" if domain else "$JS.API"
        asked = f"{api}.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}"
        durable.pulls = Pulls(connection, asked, linger=self._settings.nats_linger_seconds)
        subscriber.subscription = durable.pulls  # type: ignore[assignment] # instead of one that it would make itself
        return subscriber.consume

    async def _pull(self, durable: _Durable, consume: Take) -> None:
        try:
            await self._info(durable, seconds=ASK_SECONDS)
        except ConsumerNotFoundError as error:
            raise bus_admin.missing(durable) from error
        assert durable.pulls is not None
        await durable.pulls.start(consume)

    async def _published(self, entry: Entry) -> None:
        try:
            await self.broker.publish(
                entry["body"].encode(),
                entry["subject"],
                headers=dict(entry["headers"]),
                stream=entry["stream"],
                timeout=PUBLISH_SECONDS,
            )
        except (NatsError, IncorrectState, TimeoutError) as error:
            raise UnavailableError(f"`{entry['stream']}` did not take the message: {_why(error)}") from error

    async def _has_caught_up(self, durable: _Durable) -> bool:
        try:
            info = await self._info(durable)
        except (NatsError, TimeoutError):
            return False
        waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
        if durable.owed is None:
            durable.owed = durable.inbox.handled + waiting
        return waiting == 0 or durable.inbox.handled >= durable.owed

    async def _gone(self) -> bool:
        for durable in self._durables.values():
            if durable.pulls:
                durable.pulls.check()
            try:
                await self._info(durable)
            except ConsumerNotFoundError:
                return True
            except (NatsError, TimeoutError):
                continue
        return False

    async def _info(self, durable: _Durable, seconds: float = 2.0) -> Any:
        connection = self.broker.config.connection_state.stream
        info = await connection.consumer_info(durable.stream, durable.name, timeout=seconds)
        durable.epoch = bus_admin.epoch_of(info.config)
        return info

    async def _epoch(self, durable: _Durable, delivery: int) -> int:
        if durable.epoch is None or delivery <= durable.delivered:
            await self._info(durable)
        durable.delivered = delivery
        return durable.epoch or 0


def _broker(
    settings: ServiceSettings,
    service: str,
    inbox: str,
    tracer: TracerProvider,
    registry: CollectorRegistry,
    closed: asyncio.Event,
) -> NatsBroker:
    async def told(error: Exception) -> None:
        """A denied publish looks like a timeout to its caller; only this callback knows why."""
        log.error("bus: %s", error)

    async def end() -> None:
        closed.set()

    return NatsBroker(
        settings.nats_url,
        name=service,
        security=bus_login.security(settings),
        inbox_prefix=inbox,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=15,
        max_outstanding_pings=2,
        connect_timeout=5,
        graceful_timeout=20,
        error_cb=told,
        closed_cb=end,
        js_options={"domain": settings.nats_domain} if settings.nats_domain else {},
        # The handlers here take the message as it is. FastStream's injection would cost each one a hop to a thread.
        apply_types=False,
        decoder=_whole,
        middlewares=[
            NatsTelemetryMiddleware(tracer_provider=tracer),
            counting(registry, service),
        ],
        logger=None,
    )


def _why(error: Exception) -> str:
    return NOT_REACHED if isinstance(error, IncorrectState) else type(error).__name__


async def _whole(message: NatsMessage) -> NatsMessage:
    return message


def _read(kind: type[F], delivery: Delivery, envelope: Envelope) -> F:
    try:
        message = kind.model_validate_json(delivery.body)
    except ValidationError as error:
        first = first_misfit(error)
        raise UnreadableError(f"`{kind.type}` is malformed at `{first.path}`: {first.text}") from error
    if not message.told_by(envelope.route, envelope.source):
        raise UnreadableError(f"`{envelope.route}` may not say `{kind.type}` about another or in another's name")
    return message
