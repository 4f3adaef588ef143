"""A message that cannot be handled is set aside, whatever it is, and holds nobody up."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from fedpact.chassis.aggregates import Cause
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.deliveries import Delivery, Handle, Inbox
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import TOKEN_HEADER, DomainError, Envelope

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADERS = Envelope(source="s", type="t", subject="x", time=NOW).headers()


@dataclass
class Receipt:
    told: list[str] = field(default_factory=list)

    async def ack(self) -> None:
        self.told.append("ack")

    async def nak(self, delay: float) -> None:
        self.told.append("nak")

    async def term(self) -> None:
        self.told.append("term")

    async def in_progress(self) -> None:
        self.told.append("in progress")


@dataclass
class Letters:
    kept: list[Entry] = field(default_factory=list)
    closed: bool = False

    async def publish(self, entry: Entry) -> None:
        if self.closed:
            raise UnavailableError("no bus")
        self.kept.append(entry)


def inbox(handle: Handle, letters: Letters, retry_seconds: float = 0) -> Inbox:
    return Inbox({"t": handle}, letters.publish, FakeClock(NOW), retry_seconds=retry_seconds, quarantined=None)


def delivery(headers: dict[str, str], body: bytes = b"{}") -> Delivery:
    return Delivery(
        subject="fedpact.cmd.main.tests.add.lab",
        headers=headers,
        body=body,
        stream="commands",
        consumer="tests",
        sequence=1,
        stored_at=NOW,
    )


async def broken(_: Delivery, __: Envelope, ___: Cause) -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("headers", [{}, {f"h{n}": "v" * 100 for n in range(1000)}])
async def test_the_largest_message_without_an_envelope_is_set_aside(headers: dict[str, str]) -> None:
    letters, receipt = Letters(), Receipt()
    await inbox(broken, letters).take(delivery(headers, b"\xff" * 8_000_000), receipt)
    assert receipt.told == ["term"]
    assert len(letters.kept[0]["body"].encode()) <= 3_000_000
    assert len(str(letters.kept[0]["headers"])) < 20_000


async def test_a_message_that_cannot_be_set_aside_now_is_given_back() -> None:
    receipt = Receipt()
    letters = Letters(closed=True)
    one = inbox(broken, letters)
    await one.take(delivery(HEADERS), receipt)
    assert (receipt.told, one.handled) == (["nak"], 0)
    letters.closed = False
    await one.take(delivery(HEADERS), receipt)
    assert (receipt.told, one.handled, one.trouble) == (["nak", "term"], 1, None)


async def test_a_refusal_by_the_domain_is_not_tried_again() -> None:
    calls: list[str] = []

    async def refuses(_: Delivery, envelope: Envelope, __: Cause) -> None:
        calls.append(envelope.id)
        raise DomainError("no")

    receipt = Receipt()
    await inbox(refuses, Letters(), retry_seconds=60).take(delivery(HEADERS), receipt)
    assert (len(calls), receipt.told) == (1, ["term"])


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


def test_the_time_a_handler_takes_counts_as_time_it_was_tried() -> None:
    loops: list[SkippingLoop] = []

    async def slow(_: Delivery, __: Envelope, ___: Cause) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        loop.skipped += 10
        loops.append(loop)
        raise ValueError("slow")

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(inbox(slow, Letters(), retry_seconds=10).take(delivery(HEADERS), Receipt()))
    assert len(loops) == 1


async def test_no_token_gets_into_a_dead_letter() -> None:
    letters = Letters()
    headers = HEADERS | {TOKEN_HEADER: "secret", TOKEN_HEADER.title(): "secret"}
    await inbox(broken, letters).take(delivery(headers), Receipt())
    assert "secret" not in str(letters.kept)
