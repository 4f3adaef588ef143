"""What was set aside is delivered again, once its cause is fixed, and only where that is right."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from counter import Add, Added, added
from nats.js import JetStreamContext
from opentelemetry.sdk.trace import TracerProvider
from servers import until

from fedpact.chassis import bus_admin
from fedpact.chassis.aggregates import Cause
from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import SystemClock
from fedpact.chassis.settings import ServiceSettings
from fedpact.contracts.envelope import Envelope
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


@dataclass
class Lab:
    js: JetStreamContext
    heard: list[Added] = field(default_factory=list)
    broken: bool = True

    async def hear(self, fact: Added, cause: Cause) -> None:
        if self.broken:
            raise RuntimeError("a bug")
        self.heard.append(fact)

    async def tell(self, amount: int) -> None:
        now = datetime.now(UTC)  # noqa: TID251
        envelope = Envelope(source="fedpact/other/x", type=Added.type, subject="c1", time=now, sequence=amount)
        body = added(amount).model_dump_json().encode()
        await self.js.publish(added(1).subject("main", "hub"), body, headers=envelope.headers())

    async def letters(self, consumer: str = "*") -> list[bus_admin.Letter]:
        return [letter async for letter in bus_admin.letters(self.js, consumer)]

    async def set_aside(self, count: int) -> list[bus_admin.Letter]:
        await until(lambda: self._are(count))
        return await self.letters()

    async def _are(self, count: int) -> bool:
        return len(await self.letters()) == count


@pytest.fixture
async def lab(nats_url: str) -> AsyncIterator[Lab]:
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, STREAMS, DURABLES)
        found = Lab(js)
        bus = Bus(
            ServiceSettings(nats_url=nats_url, nats_linger_seconds=0, retry_seconds=0),
            "tests",
            SystemClock(),
            tracer=TracerProvider(),
        )
        bus.on(Added, found.hear)
        bus.on_command(Add, lambda *_: _fail())
        await bus.start()
        try:
            yield found
        finally:
            await bus.stop()


async def _fail() -> None:
    raise RuntimeError("a bug")


async def test_letters_say_who_what_and_why(lab: Lab) -> None:
    await lab.tell(1)
    (letter,) = await lab.set_aside(1)
    assert (letter.consumer, letter.stream, letter.error) == ("tests", "tests", "RuntimeError: a bug")
    assert letter.subject == "fedpact.evt.main.tests.counter.added.hub"
    assert await lab.letters("others") == []


async def test_what_was_set_aside_is_delivered_again_and_its_letter_is_gone(lab: Lab) -> None:
    await lab.tell(1)
    await lab.tell(2)
    letters = await lab.set_aside(2)
    lab.broken = False
    assert [await bus_admin.redrive(lab.js, letter) for letter in letters] == [None, None]
    await until(lambda: lab_heard(lab, 2))
    assert lab.heard == [added(1), added(2)]
    assert await lab.letters() == []


async def test_what_fails_again_is_set_aside_again(lab: Lab) -> None:
    await lab.tell(1)
    (letter,) = await lab.set_aside(1)
    assert await bus_admin.redrive(lab.js, letter) is None
    (again,) = await lab.set_aside(1)
    assert again.number > letter.number


async def test_a_command_is_left_to_its_sender(lab: Lab) -> None:
    envelope = Envelope(source="fedpact/lab", type=Add.type, subject="c1", time=datetime.now(UTC))  # noqa: TID251
    await lab.js.publish("fedpact.cmd.main.tests.add.lab", b"{}", headers=envelope.headers())
    (letter,) = await lab.set_aside(1)
    assert "have its sender repeat it" in str(await bus_admin.redrive(lab.js, letter))
    assert await lab.letters() == [letter]


async def test_what_the_stream_no_longer_holds_is_left_alone(lab: Lab) -> None:
    await lab.tell(1)
    (letter,) = await lab.set_aside(1)
    await lab.js.delete_msg("tests", letter.sequence)
    assert "no longer holds it" in str(await bus_admin.redrive(lab.js, letter))
    assert await lab.letters() == [letter]


async def lab_heard(lab: Lab, count: int) -> bool:
    return len(lab.heard) == count
