"""One service on a real JetStream server: commands in, facts out, and what happens to what cannot be handled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import nats
import pytest
from counter import COUNTERS, Add, Added, Counter, TestAccepted, TestRefused, added
from opentelemetry.sdk.trace import TracerProvider
from servers import until

from fedpact.chassis import bus_admin
from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import SystemClock
from fedpact.chassis.commands import Commands, refusals
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.relay import Relay
from fedpact.chassis.settings import ServiceSettings
from fedpact.contracts.envelope import TOKEN_HEADER, Actor, DomainError, Envelope, Order, command_envelope
from fedpact.infra.topology import Durable, Stream

STREAMS = (
    Stream(name="commands", subjects=("fedpact.cmd.>",), work_queue=True),
    Stream(name="tests", subjects=("fedpact.evt.*.tests.>",), message_ttl=True),
    Stream(name="dlq", subjects=("fedpact.dlq.>",)),
)
DURABLES = (
    Durable(stream="commands", name="tests", filters=("fedpact.cmd.*.tests.>",)),
    Durable(stream="tests", name="tests", filters=("fedpact.evt.*.tests.counter.*.*",)),
)
NOW = datetime.now(UTC)  # noqa: TID251


class TooMuchError(DomainError):
    slug = "too_much"


@dataclass
class Lab:
    """The service under test and a client beside it."""

    bus: Bus
    counters: Stored[Counter]
    client: nats.NATS
    heard: list[Added] = field(default_factory=list)
    fail: Exception | None = None

    async def order(self, order: Order[Add], cause: Cause) -> None:
        if order.command.amount > 10:
            raise TooMuchError("at most 10 at once", path="amount")
        await self.counters.change(
            order.command.name, lambda _: [added(order.command.amount, order.command.name)], cause
        )

    async def hear(self, fact: Added, cause: Cause) -> None:
        if self.fail:
            raise self.fail
        self.heard.append(fact)

    async def send(
        self, amount: int, *, message: str | None = None, token: str = "ada", body: bytes | None = None, **more: object
    ) -> str:
        command = Add(name="c1", amount=amount)
        envelope = command_envelope(command, sender="lab", time=NOW, message=message, **more)  # type: ignore[arg-type]
        headers = envelope.headers() | ({TOKEN_HEADER: token} if token else {})
        js = self.client.jetstream()
        await js.publish(command.subject("main", "lab"), body or command.model_dump_json().encode(), headers=headers)
        return envelope.id

    async def told(self, kind: str) -> list[nats.aio.msg.Msg]:
        """What became of commands, once something is told of it."""
        found = await until(lambda: self.stored(f"fedpact.evt.main.tests.{kind}.lab"))
        assert isinstance(found, list)
        return found

    async def stored(self, subject: str) -> list[nats.aio.msg.Msg]:
        js = self.client.jetstream()
        sub = await js.pull_subscribe(subject, stream="dlq" if ".dlq." in subject else "tests")
        out: list[nats.aio.msg.Msg] = []
        with contextlib.suppress(nats.errors.TimeoutError, asyncio.TimeoutError):
            while True:
                out += await sub.fetch(1, timeout=0.2)
        await sub.unsubscribe()
        return out


async def who(token: str, at: datetime) -> Actor:
    if token != "ada":
        raise DomainError("who is that")
    return Actor(user="ada", organization="lab")


@pytest.fixture
async def lab(nats_url: str) -> AsyncIterator[Lab]:
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, STREAMS, DURABLES)
        await bus_admin.apply(js, STREAMS, DURABLES)
    clock = SystemClock()
    bus = Bus(
        ServiceSettings(nats_url=nats_url, nats_linger_seconds=0, retry_seconds=0),
        "tests",
        clock,
        tracer=TracerProvider(),
    )
    counters = Stored(MemoryDocuments(), COUNTERS)
    kept = refusals(MemoryDocuments(), "tests", clock.now)
    found = Lab(bus, counters, await nats.connect(nats_url))
    commands = Commands(kept, who, changes=[counters], accepted=TestAccepted, refused=TestRefused)
    bus.on_other_commands(commands.unknown)
    bus.on_command(Add, commands.handle(Add, found.order))
    bus.on(Added, found.hear)
    await bus.start()
    relay = asyncio.create_task(Relay([counters, kept], bus.publish, sweep=0.05).run())
    yield found
    relay.cancel()
    await bus.stop()
    await found.client.close()


async def test_a_command_becomes_a_fact_that_is_heard(lab: Lab) -> None:
    command = await lab.send(3)
    await until(lambda: _true(lab.heard))
    assert lab.heard == [added(3)]
    (outcome,) = await lab.told("command.accepted")
    assert outcome.headers["ce-causationid"] == command
    assert await lab.bus.problem() is None


async def test_a_refused_command_keeps_its_answer(lab: Lab) -> None:
    await lab.send(11, message="m1")
    (told,) = await lab.told("command.refused")
    refused = TestRefused.model_validate_json(told.data)
    assert (refused.slug, refused.path, refused.command_id) == ("too_much", "amount", "m1")
    assert await lab.counters.find("c1") is None


@pytest.mark.parametrize(
    ("how", "slug"),
    [
        ({"token": ""}, "unauthenticated"),
        ({"token": "eve"}, "refused"),
        ({"expires": NOW - timedelta(seconds=1)}, "expired"),
        ({"body": b'{"name": "c1", "amount": "many"}'}, "malformed"),
        ({"body": b'{"name": "c1", "amount": 1, "extra": 1}'}, "malformed"),
    ],
)
async def test_what_may_not_be_done_is_refused_with_its_reason(lab: Lab, how: dict[str, object], slug: str) -> None:
    await lab.send(1, **how)  # type: ignore[arg-type]
    (told,) = await lab.told("command.refused")
    assert TestRefused.model_validate_json(told.data).slug == slug
    assert await lab.counters.find("c1") is None


async def test_what_cannot_be_handled_is_set_aside_and_the_next_goes_on(lab: Lab) -> None:
    lab.fail = RuntimeError("a bug")
    await lab.send(1)
    letters = await until(lambda: lab.stored("fedpact.dlq.tests.tests"))
    assert "a bug" in letters[0].headers["x-error"]  # type: ignore[index]
    lab.fail = None
    await lab.send(2)
    await until(lambda: _true(lab.heard))
    assert lab.heard == [added(2)]


async def test_what_is_malformed_is_set_aside_without_its_token(lab: Lab) -> None:
    await lab.client.jetstream().publish("fedpact.cmd.main.tests.add.lab", b"junk", headers={TOKEN_HEADER: "secret"})
    letters = await until(lambda: lab.stored("fedpact.dlq.commands.tests"))
    assert TOKEN_HEADER not in letters[0].headers  # type: ignore[index]


async def test_no_sender_chooses_where_a_service_publishes(lab: Lab) -> None:
    """Not by a header either: whoever may not publish somewhere would have a service do it."""
    elsewhere = await lab.client.subscribe("elsewhere.>")
    headers = {"reply_to": "elsewhere.x"}
    await lab.client.jetstream().publish("fedpact.cmd.main.tests.add.lab", b"junk", headers=headers)
    envelope = command_envelope(Add(name="c1", amount=1), sender="lab", time=NOW)
    told = envelope.headers() | {TOKEN_HEADER: "ada"} | headers
    await lab.client.jetstream().publish("fedpact.cmd.main.tests.add.lab", b'{"name": "c1", "amount": 1}', headers=told)
    await until(lambda: _true(lab.heard))
    await lab.client.flush()
    assert elsewhere.pending_msgs == 0


@pytest.mark.parametrize("kind", ["tests.add.v2", "tests.sudo"])
async def test_a_command_that_nobody_takes_is_refused(lab: Lab, kind: str) -> None:
    envelope = command_envelope(Add(name="c1", amount=1), sender="lab", time=NOW).model_copy(update={"type": kind})
    await lab.client.jetstream().publish("fedpact.cmd.main.tests.add.lab", b"{}", headers=envelope.headers())
    told = await until(lambda: lab.stored("fedpact.evt.main.tests.command.refused.lab"))
    refused = TestRefused.model_validate_json(told[0].data)  # type: ignore[index]
    assert (refused.slug, refused.command, "tests.add" in refused.reason) == ("unknown_command", kind, True)


@pytest.mark.parametrize(
    ("channel", "more"), [("ma_in", {}), ("Main", {}), ("mä", {}), ("main", {"ce-specversion": "9.9"})]
)
async def test_what_cannot_be_answered_holds_nobody_up(lab: Lab, channel: str, more: dict[str, str]) -> None:
    """It is set aside at its first delivery: `retry_seconds` would be waited for otherwise."""
    headers = command_envelope(Add(name="c1", amount=1), sender="lab", time=NOW).headers() | more
    await lab.client.jetstream().publish(f"fedpact.cmd.{channel}.tests.add.lab", b"{}", headers=headers)
    letters = await until(lambda: lab.stored("fedpact.dlq.commands.tests"))
    assert "the envelope is malformed" in letters[0].headers["x-error"]  # type: ignore[index]


async def test_a_missing_store_is_waited_for(lab: Lab) -> None:
    lab.fail = UnavailableError("the store is away")
    await lab.send(1)
    await until(lambda: _true(lab.bus._durables["tests"].inbox.trouble))
    assert await lab.bus.problem() == "the store is away"
    lab.fail = None
    await until(lambda: _true(lab.heard))
    assert await lab.bus.problem() is None
    assert await lab.stored("fedpact.dlq.tests.tests") == []


async def test_a_command_sent_twice_counts_once(lab: Lab) -> None:
    await lab.send(1, message="m1")
    await until(lambda: _true(lab.heard))
    js = lab.client.jetstream()
    command = Add(name="c1", amount=1)
    headers = command_envelope(command, sender="lab", time=NOW, message="m1").headers()
    del headers["Nats-Msg-Id"]
    await js.publish(
        "fedpact.cmd.main.tests.add.lab", command.model_dump_json().encode(), headers=headers | {TOKEN_HEADER: "ada"}
    )
    await lab.send(5)
    await until(lambda: _true(len(lab.heard) == 2))
    assert (await lab.counters.get("c1")).total == 6


async def test_a_bus_that_is_not_there_is_told_to_who_administrates() -> None:
    with pytest.raises(UnavailableError, match="the bus is not there"):
        async with bus_admin.administrating("nats://127.0.0.1:1", None):
            raise AssertionError("nobody is there")


async def test_a_service_that_does_not_consume_yet_is_not_ready(nats_url: str) -> None:
    """Who is told that it is ready sends at once, and was refused."""
    bus = Bus(ServiceSettings(nats_url=nats_url), "tests", SystemClock(), tracer=TracerProvider())
    with pytest.raises(UnavailableError, match="`identity` does not answer: the bus is not reached yet"):
        await bus.ask("identity", "keys", "{}")
    with pytest.raises(UnavailableError, match="`tests` did not take the message: the bus is not reached yet"):
        await bus.publish(Entry(id="m", stream="tests", subject="fedpact.evt", headers={}, body="{}"))
    await bus.broker.connect()
    assert await bus.problem() == "the bus is not reached yet"
    await bus.start()
    assert await bus.problem() is None
    await bus.stop()


async def test_a_consumer_that_is_gone_is_a_problem(lab: Lab) -> None:
    await lab.client.jetstream().delete_consumer("tests", "tests")
    assert "gone" in str(await lab.bus.problem())


async def _made_anew(nats_url: str) -> None:
    async with bus_admin.administrating(nats_url, None) as js:
        await js.delete_stream("tests")
        await bus_admin.apply(js, STREAMS, DURABLES)


@pytest.mark.parametrize("running", [True, False])
async def test_news_on_a_stream_that_was_made_anew_are_news(nats_url: str, running: bool) -> None:
    """They are counted from the beginning again: marks of the stream before must not swallow them."""
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, STREAMS, DURABLES)
    totals = Stored(MemoryDocuments(), replace(COUNTERS, inbox_per_stream=True))
    client = await nats.connect(nats_url)

    async def count(fact: Added, cause: Cause) -> None:
        await totals.change("all", lambda _: [fact], cause)

    async def tell(sequence: int) -> None:
        envelope = Envelope(source="fedpact/other/x", type=Added.type, subject="c1", time=NOW, sequence=sequence)
        body = added(1).model_dump_json().encode()
        await client.jetstream().publish(added(1).subject("main", "hub"), body, headers=envelope.headers())

    async def counted(total: int) -> bool:
        found = await totals.find("all")
        return found is not None and found.total == total

    for sequence in (1, 2, 3):
        await tell(sequence)
    bus = service_of(nats_url, count)
    await bus.start()
    try:
        await until(lambda: counted(3))
        if running:
            await _made_anew(nats_url)
        else:
            await bus.stop()
            await _made_anew(nats_url)
            bus = service_of(nats_url, count)
            await bus.start()
        await tell(4)
        await until(lambda: counted(4), seconds=20)
    finally:
        await bus.stop()
        await client.close()


def service_of(nats_url: str, hear: Callable[[Added, Cause], Awaitable[None]]) -> Bus:
    bus = Bus(
        ServiceSettings(nats_url=nats_url, nats_linger_seconds=0), "tests", SystemClock(), tracer=TracerProvider()
    )
    bus.on(Added, hear)
    return bus


async def _true(value: object) -> bool:
    return bool(value)
