"""A service that is stopped leaves nothing behind that its successor would have to wait for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest
from counter import Added, added
from nats.aio.client import Client
from nats.js.api import ConsumerInfo
from opentelemetry.sdk.trace import TracerProvider
from servers import free_port, missing, nats_server, running, until

from fedpact.chassis import bus_admin
from fedpact.chassis.aggregates import Cause
from fedpact.chassis.bus import Bus
from fedpact.chassis.bus_pulls import Pulls
from fedpact.chassis.clock import SystemClock
from fedpact.chassis.settings import ServiceSettings
from fedpact.contracts.envelope import Envelope
from fedpact.infra.topology import Durable, Stream

LACKING = missing("nats-server")
pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
STREAMS = (Stream(name="tests", subjects=("fedpact.evt.*.tests.>",)),)
DURABLES = (Durable(stream="tests", name="tests", filters=("fedpact.evt.*.tests.counter.*.*",)),)
ASKED = "$JS.API.CONSUMER.MSG.NEXT.tests.tests"
LINGER = ServiceSettings().nats_linger_seconds
NOW = datetime.now(UTC)  # noqa: TID251


@dataclass
class Desk:
    """A stream, somebody who publishes on it, and services that come and go."""

    url: str
    client: Client
    heard: list[int] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    told: int = 0

    async def hear(self, fact: Added, cause: Cause) -> None:
        self.begun.set()
        await self.open.wait()
        self.heard.append(fact.amount)

    async def tell(self, more: dict[str, str] | None = None) -> None:
        self.told += 1
        fact = added(self.told)
        envelope = Envelope(source="fedpact/other/x", type=fact.type, subject="c1", time=NOW, sequence=self.told)
        headers = envelope.headers() | (more or {})
        await self.client.jetstream().publish(
            fact.subject("main", "hub"), fact.model_dump_json().encode(), headers=headers
        )

    async def service(self, linger: float = 0) -> Bus:
        """One that waits for the next message."""
        settings = ServiceSettings(nats_url=self.url, nats_linger_seconds=linger)
        bus = Bus(settings, "tests", SystemClock(), tracer=TracerProvider())
        bus.on(Added, self.hear)
        await bus.start()
        return bus

    async def durable(self) -> ConsumerInfo:
        return await self.client.jetstream().consumer_info("tests", "tests")

    async def counts(self, *, acks: int, waiting: int, redelivered: int) -> None:
        """Until the bus has counted just that, which it does a moment after it was told."""

        async def look() -> bool:
            seen = await self.durable()
            return (seen.num_ack_pending, seen.num_pending, seen.num_redelivered) == (acks, waiting, redelivered)

        await until(look)

    async def asked(self) -> bool:
        return bool((await self.durable()).num_waiting)

    async def done(self) -> bool:
        return len(self.heard) == self.told


@pytest.fixture
def leafy_url(tmp_path: Path) -> Iterator[str]:
    """A bus that sites' own servers may join: it trusts for a while that whoever asked is still there."""
    with running(nats_server(tmp_path, f"leafnodes {{ host: 127.0.0.1, port: {free_port()} }}")) as server:
        yield f"nats://127.0.0.1:{server.port}"


@pytest.fixture
async def desk(leafy_url: str) -> AsyncIterator[Desk]:
    async with bus_admin.administrating(leafy_url, None) as js:
        await bus_admin.apply(js, STREAMS, DURABLES)
    client = await nats.connect(leafy_url)
    found = Desk(leafy_url, client)
    found.open.set()
    yield found
    await client.close()


async def test_what_comes_after_a_stop_is_kept_for_the_next(desk: Desk) -> None:
    bus = await desk.service(LINGER)
    await until(desk.asked)
    await bus.stop()
    await desk.tell()
    await desk.counts(acks=0, waiting=1, redelivered=0)
    bus = await desk.service()
    try:
        await until(desk.done)
    finally:
        await bus.stop()
    await desk.counts(acks=0, waiting=0, redelivered=0)


async def test_what_comes_during_a_stop_is_handled_once(desk: Desk) -> None:
    bus = await desk.service(LINGER)
    await until(desk.asked)
    stopping = asyncio.create_task(bus.stop())
    await desk.tell()
    await stopping
    bus = await desk.service()
    try:
        await until(desk.done)
    finally:
        await bus.stop()
    assert desk.heard == [1]


async def test_what_is_in_hand_at_a_stop_is_finished_and_the_rest_waits(desk: Desk) -> None:
    desk.open.clear()
    bus = await desk.service()
    for _ in range(3):
        await desk.tell()
    await desk.begun.wait()
    stopping = asyncio.create_task(bus.stop())
    desk.open.set()
    await stopping
    assert desk.heard == [1]
    await desk.counts(acks=0, waiting=2, redelivered=0)
    bus = await desk.service()
    try:
        await until(desk.done)
    finally:
        await bus.stop()
    assert desk.heard == [1, 2, 3]


async def test_services_that_stop_in_a_burst_handle_everything_once_and_in_order(desk: Desk) -> None:
    async def burst() -> None:
        for _ in range(60):
            await desk.tell()

    telling = asyncio.create_task(burst())
    for part in (10, 20, 30, 60):
        bus = await desk.service()
        try:
            await until(lambda part=part: _true(len(desk.heard) >= part))
        finally:
            await bus.stop()
    await telling
    assert desk.heard == list(range(1, 61))


async def test_a_message_whose_handling_takes_too_long_is_given_to_the_next(desk: Desk) -> None:
    begun = asyncio.Event()

    async def never(_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    pulls = Pulls(desk.client, ASKED, linger=0, grace=0.01)
    await pulls.start(never)
    await desk.tell()
    await begun.wait()
    await pulls.end()
    bus = await desk.service()
    try:
        await until(desk.done)
    finally:
        await bus.stop()


async def test_a_message_that_looks_like_an_answer_of_the_bus_is_a_message(desk: Desk) -> None:
    bus = await desk.service()
    try:
        await desk.tell({"Status": "404"})
        await until(desk.done)
    finally:
        await bus.stop()


async def _true(value: object) -> bool:
    return bool(value)
