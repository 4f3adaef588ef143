"""A message that is being worked on is known to live; one that is done is not spoken of again."""

import asyncio
from dataclasses import dataclass, field

from counter import NOON

from fedpact.chassis.clock import FakeClock
from fedpact.chassis.deliveries import Delivery, Inbox
from fedpact.contracts.envelope import Envelope


@dataclass
class Receipt:
    said: list[str] = field(default_factory=list)
    beaten: asyncio.Event = field(default_factory=asyncio.Event)

    async def ack(self) -> None:
        self.said.append("ack")

    async def nak(self, delay: float) -> None:
        self.said.append("nak")

    async def term(self) -> None:
        self.said.append("term")

    async def in_progress(self) -> None:
        self.said.append("lives")
        self.beaten.set()


async def test_a_long_handler_lets_the_stream_know_that_it_lives() -> None:
    receipt = Receipt()

    async def handle(*_: object) -> None:
        await receipt.beaten.wait()

    async def publish(_: object) -> None:
        raise AssertionError("nothing is published here")

    clock = FakeClock(NOON)
    inbox = Inbox({"x.y.z": handle}, publish, clock, retry_seconds=0, quarantined=None, beat_seconds=0.001)
    envelope = Envelope(source="fedpact/x/y", type="x.y.z", subject="k", time=NOON)
    delivery = Delivery(
        subject="fedpact.evt.main.x.y.z.lab",
        headers=envelope.headers(),
        body=b"{}",
        stream="x",
        consumer="me",
        sequence=1,
        stored_at=NOON,
    )
    await inbox.take(delivery, receipt)
    assert receipt.said[0] == "lives"
    assert receipt.said[-1] == "ack"
    assert asyncio.all_tasks() == {asyncio.current_task()}, "somebody still tells that it lives"
