"""The answer to a command never changes, however often and however late it is handed over again."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from counter import COUNTERS, NOON, Add, Counter, TestAccepted, TestRefused, added

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.commands import Commands, Refusal, UnauthenticatedError, refusals
from fedpact.chassis.deliveries import DOUBLES_DROPPED, Delivery
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import TOKEN_HEADER, Actor, Envelope, Order, command_envelope

SECOND = timedelta(seconds=1)
BRIEF, LONG = timedelta(seconds=60), timedelta(hours=1)
ADD = b'{"name": "c1", "amount": 1}'


@dataclass(kw_only=True)
class Service:
    """A service that counts, and knows the one person there is until it does not any more."""

    counters: Stored[Counter] = field(default_factory=lambda: Stored(MemoryDocuments(), COUNTERS))
    kept: Stored[Refusal] = field(default_factory=lambda: refusals(MemoryDocuments(), "tests", lambda: NOON))
    knows: bool = True

    def __post_init__(self) -> None:
        outcomes = {"accepted": TestAccepted, "refused": TestRefused}
        commands = Commands(self.kept, self._who, changes=[self.counters], **outcomes)  # type: ignore[arg-type]
        self._handle = commands.handle(Add, self._add)

    async def handed(
        self,
        envelope: Envelope,
        *,
        body: bytes = ADD,
        delivery: int = 1,
        late: timedelta = SECOND,
        named: bool = True,
        stored: timedelta = timedelta(),
    ) -> None:
        """The command, `stored` and, `late`, handed over for the `delivery`th time, each so long after it was sent."""
        given = Delivery(
            subject="fedpact.cmd.main.tests.add.lab",
            headers={TOKEN_HEADER: "ada"} | ({"Nats-Msg-Id": envelope.id} if named else {}),
            body=body,
            stream="commands",
            consumer="tests",
            sequence=1,
            stored_at=NOON + stored,
            deliveries=delivery,
        )
        await self._handle(given, envelope, Cause(now=NOON + late, envelope=envelope, stream="commands"))

    async def total(self) -> int:
        found = await self.counters.find("c1")
        return found.total if found else 0

    async def refused(self, envelope: Envelope) -> str | None:
        found = await self.kept.find(envelope.id)
        return found.slug if found else None

    async def _who(self, token: str, _: object) -> Actor:
        if not self.knows:
            raise UnauthenticatedError("nobody of that name")
        return Actor(user=token, organization="lab", channel="main")

    async def _add(self, order: Order[Add], cause: Cause) -> None:
        await self.counters.change(order.command.name, lambda _: [added(order.command.amount)], cause)


def sent(expires: timedelta = BRIEF) -> Envelope:
    return command_envelope(Add(name="c1", amount=1), sender="lab", time=NOON, expires=NOON + expires, message="m1")


async def test_what_was_carried_out_is_not_refused_when_it_comes_again_too_late() -> None:
    service, command = Service(), sent()
    await service.handed(command)
    await service.handed(command, delivery=2, late=BRIEF + SECOND)
    assert (await service.total(), await service.refused(command)) == (1, None)


async def test_what_was_carried_out_is_not_refused_when_its_sender_is_not_known_any_more() -> None:
    service, command = Service(), sent(LONG)
    await service.handed(command)
    service.knows = False
    await service.handed(command, late=LONG - SECOND)
    assert (await service.total(), await service.refused(command)) == (1, None)


async def test_what_first_comes_too_late_is_refused() -> None:
    service, command = Service(), sent()
    await service.handed(command, delivery=2, late=BRIEF + SECOND)
    assert (await service.total(), await service.refused(command)) == (0, "expired")


async def test_what_was_refused_stays_refused() -> None:
    service, command = Service(knows=False), sent()
    await service.handed(command)
    service.knows = True
    await service.handed(command, delivery=2)
    assert (await service.total(), await service.refused(command)) == (0, "unauthenticated")


async def test_what_was_refused_stays_refused_when_the_stream_could_not_know_its_double() -> None:
    """It drops doubles by a header of their sender's, for so long; who leaves it out gets the same answer, too."""
    for named, later in ((False, SECOND), (True, DOUBLES_DROPPED + SECOND)):
        service, command = Service(knows=False), sent(DOUBLES_DROPPED)
        await service.handed(command, named=named)
        service.knows = True
        await service.handed(command, named=named, late=SECOND, stored=later)
        assert (await service.total(), await service.refused(command)) == (0, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "c1", "amount": NaN}',
        b'{"name": "c1", "amount": 1, "amount": 2}',
        b'{"name": "c1", "amount": 1e999}',
        b'{"name": "c1", "amount": 1',
        b'{"name": "c1", "amount": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"name": "c1", "amount": "\xff"}',
    ],
)
async def test_what_has_more_than_one_meaning_or_none_is_refused(body: bytes) -> None:
    service, command = Service(), sent()
    await service.handed(command, body=body)
    assert (await service.total(), await service.refused(command)) == (0, "malformed")
