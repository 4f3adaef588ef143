"""Copies keep the newest, whatever order news comes in."""

from typing import ClassVar

from counter import Added, added, caused

from fedpact.chassis.copies import Copies
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Fact


class Removed(Fact):
    type: ClassVar[str] = "tests.counter.removed"

    name: str

    @property
    def key(self) -> str:
        return self.name


def copies() -> Copies[Added]:
    return Copies(MemoryDocuments(), Added, {"amount": lambda fact: [str(fact.amount)]})


async def test_the_newest_fact_is_kept() -> None:
    kept = copies()
    await kept.keep(added(1), caused(1))
    await kept.keep(added(3), caused(3))
    await kept.keep(added(2), caused(2))
    assert await kept.find("c1") == added(3)
    assert await kept.where("amount", "3") == [added(3)]
    assert await kept.where("amount", "2") == []


async def test_what_was_ended_is_gone_until_newer_news() -> None:
    kept = copies()
    await kept.keep(added(1), caused(1))
    await kept.end(Removed(name="c1"), caused(2))
    await kept.keep(added(1), caused(1))
    assert await kept.find("c1") is None
    assert await kept.every() == []
    assert await kept.where("amount", "1") == []
    await kept.keep(added(4), caused(3))
    assert await kept.every() == [added(4)]
