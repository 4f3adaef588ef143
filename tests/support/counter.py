"""The smallest aggregate there is, for tests of the chassis."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar

from fedpact.chassis.aggregates import Cause, Kind
from fedpact.contracts.envelope import Accepted, Command, Envelope, Fact, Refused

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Added(Fact):
    type: ClassVar[str] = "tests.counter.added"

    name: str
    amount: int

    @property
    def key(self) -> str:
        return self.name


class Add(Command):
    type: ClassVar[str] = "tests.add"

    name: str
    amount: int

    @property
    def key(self) -> str:
        return self.name


class TestAccepted(Accepted):
    __test__ = False
    type: ClassVar[str] = "tests.command.accepted"


class TestRefused(Refused):
    __test__ = False
    type: ClassVar[str] = "tests.command.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    name: str
    total: int = 0
    due_at: datetime | None = None


def evolve(counter: Counter | None, fact: Fact) -> Counter:
    assert isinstance(fact, Added)
    counter = counter or Counter(name=fact.name)
    return replace(counter, total=counter.total + fact.amount)


COUNTERS: Kind[Counter] = Kind(
    source="fedpact/tests/counters",
    state=Counter,
    evolve=evolve,
    due=lambda c: NOON if c.total >= 100 else None,
    indexes={"parity": lambda c: ["even" if c.total % 2 == 0 else "odd"]},
)


def added(amount: int, name: str = "c1") -> Added:
    return Added(name=name, amount=amount)


def caused(sequence: int = 1, *, source: str = "fedpact/other/things", epoch: int = 0, kind: str = "x.y.z") -> Cause:
    envelope = Envelope(source=source, type=kind, subject="t1", time=NOON, sequence=sequence, epoch=epoch, route="lab")
    return Cause(now=NOON, envelope=envelope, stream="other", stream_sequence=sequence)


TICK = Cause(now=NOON)
