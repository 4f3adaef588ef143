"""
Making streams and durables, with an administrator's key. Doing it again changes only what differs.

Services never do this: they bind to what is there, so that a service with stolen credentials can neither widen what
it reads nor loosen how long something is kept.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RePublish, RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError

from fedpact.chassis.bus_login import connected
from fedpact.chassis.deliveries import DOUBLES_DROPPED
from fedpact.chassis.errors import ConsumerLostError, UnavailableError
from fedpact.contracts import subjects

ACK_WAIT = 12.0
"""Seconds after which a message whose consumer died is given to its successor; living consumers say that they live."""
DUPLICATES = DOUBLES_DROPPED.total_seconds()

EPOCH = "stream-epoch"
"""The consumer's metadata that says when its stream was made: who reads it may not ask about the stream."""


class StreamLike(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def subjects(self) -> tuple[str, ...]: ...
    @property
    def max_age(self) -> int: ...
    @property
    def work_queue(self) -> bool: ...
    @property
    def per_subject(self) -> int: ...
    @property
    def message_ttl(self) -> bool: ...
    @property
    def told_as(self) -> str: ...


class NamedLike(Protocol):
    @property
    def stream(self) -> str: ...
    @property
    def name(self) -> str: ...


class DurableLike(NamedLike, Protocol):
    @property
    def filters(self) -> tuple[str, ...]: ...


@asynccontextmanager
async def administrating(
    url: str, key_file: Path | None, ca_file: Path | None = None, *, inbox: str = "admin"
) -> AsyncIterator[JetStreamContext]:
    """A JetStream context with the administrator's key."""
    async with connected(url, key_file, ca_file, inbox) as connection:
        yield connection.jetstream(timeout=10)


async def apply(js: JetStreamContext, streams: Iterable[StreamLike], durables: Iterable[DurableLike]) -> None:
    """Create what is missing and update what differs."""
    for stream in streams:
        await _stream(js, _config(stream))
    epochs: dict[str, str] = {}
    for durable in durables:
        if durable.stream not in epochs:
            epochs[durable.stream] = await _epoch(js, durable.stream)
        await js.add_consumer(durable.stream, _consumer(durable, epochs[durable.stream]))


async def make_durables(
    url: str, key_file: Path, durables: Iterable[DurableLike], ca_file: Path | None = None, *, inbox: str
) -> None:
    """Make durables of streams that are there, for whoever may do that and nothing else."""
    try:
        async with administrating(url, key_file, ca_file, inbox=inbox) as js:
            await apply(js, (), durables)
    except (Error, OSError, TimeoutError) as error:
        raise UnavailableError(f"a durable cannot be made: {type(error).__name__}") from error


async def begin_again(js: JetStreamContext, durables: Iterable[DurableLike]) -> None:
    """Have those durables deliver their streams from the start, for a read model that is rebuilt."""
    for durable in durables:
        epoch = await _epoch(js, durable.stream)
        await js.delete_consumer(durable.stream, durable.name)
        await js.add_consumer(durable.stream, _consumer(durable, epoch))


async def deliver_anew(js: JetStreamContext, durable: NamedLike) -> None:
    """
    Have its reader's own durable deliver from the start; waits for a hub that does not answer.

    A site's own server may answer while the hub behind it is away.
    """
    while True:
        try:
            await js.reset_consumer(durable.stream, durable.name, seq=1)
        except NotFoundError as error:
            raise missing(durable) from error
        except (Error, TimeoutError):
            await asyncio.sleep(1)
        else:
            return


def missing(durable: NamedLike) -> ConsumerLostError:
    """Why nobody can read what is not there."""
    return ConsumerLostError(
        f"the durable consumer `{durable.name}` on `{durable.stream}` is missing: apply the topology of the bus"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that was set aside: who could not handle it, where it is, and why."""

    number: int
    """Its own in the stream of dead letters."""
    consumer: str
    stream: str
    sequence: int
    subject: str
    error: str


async def letters(js: JetStreamContext, consumer: str = "*") -> AsyncIterator[Letter]:
    """The dead letters of a consumer, or of all, oldest first."""
    number = 1
    while True:
        try:
            found = await js.get_msg("dlq", seq=number, subject=subjects.dead_letters(consumer), next=True)
        except NotFoundError:
            return
        assert found.seq is not None and found.subject is not None  # noqa: PT018 - what a stored message has
        _, _, stream, name = found.subject.split(".")
        told = found.headers or {}
        yield Letter(
            number=found.seq,
            consumer=name,
            stream=stream,
            sequence=int(told["x-stream-sequence"]),
            subject=told["x-subject"],
            error=told["x-error"],
        )
        number = found.seq + 1


async def redrive(js: JetStreamContext, letter: Letter) -> str | None:
    """
    Have the stream deliver the message again, as it was; why not, where that is impossible.

    Everybody who reads it gets it once more. Who has handled it, or something newer about the same, skips it.
    """
    if letter.stream == "commands":
        return "a command is not kept with its token: have its sender repeat it"
    try:
        original = await js.get_msg(letter.stream, seq=letter.sequence)
    except NotFoundError:
        return "the stream no longer holds it: what came since has replaced it, or its time is over"
    if original.subject != letter.subject:
        return "the stream was made anew since: it is not there"
    headers = (original.headers or {}) | {"Nats-Msg-Id": f"redrive:{letter.number}"}
    await js.publish(letter.subject, original.data or b"", headers=headers, stream=letter.stream)
    await js.delete_msg("dlq", letter.number)
    return None


def epoch_of(config: ConsumerConfig) -> int:
    """When that consumer's stream was made, in milliseconds since 1970; 0 if whoever made the consumer did not say."""
    return int((config.metadata or {}).get(EPOCH, "0"))


async def _epoch(js: JetStreamContext, stream: str) -> str:
    created = (await js.stream_info(stream)).created
    assert created is not None
    return str(int(created.timestamp() * 1000))


async def _stream(js: JetStreamContext, config: StreamConfig) -> None:
    try:
        await js.stream_info(config.name or "")
    except NotFoundError:
        await js.add_stream(config)
    else:
        await js.update_stream(config)


def _config(stream: StreamLike) -> StreamConfig:
    return StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.WORK_QUEUE if stream.work_queue else RetentionPolicy.LIMITS,
        max_age=stream.max_age,
        max_msgs_per_subject=stream.per_subject,
        duplicate_window=min(DUPLICATES, stream.max_age or DUPLICATES),
        allow_msg_ttl=stream.message_ttl,
        allow_direct=True,
        republish=RePublish(src=">", dest=f"{stream.told_as}.>") if stream.told_as else None,
    )


def _consumer(durable: DurableLike, epoch: str) -> ConsumerConfig:
    return ConsumerConfig(
        metadata={EPOCH: epoch},
        durable_name=durable.name,
        filter_subjects=list(durable.filters),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT,
        max_deliver=-1,
        max_ack_pending=1,
    )
