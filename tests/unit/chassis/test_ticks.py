"""Deadlines that were saved here are known here; the store is asked for others'."""

import asyncio
from datetime import datetime, timedelta

from counter import COUNTERS, NOON, TICK, added

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.tasks import together
from fedpact.chassis.ticks import Ticks

BEFORE = NOON - timedelta(minutes=1)
DUE, NOT_DUE = 100, 1


class Asked(MemoryDocuments):
    """Counts how often it is asked what is due."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.looked = asyncio.Event()

    async def due(self, now: datetime, limit: int) -> list[str]:
        self.looks += 1
        self.looked.set()
        return list(await super().due(now, limit))


async def begun(kind: Stored, name: str, amount: int) -> None:
    await kind.change(name, lambda _: [added(amount, name)], TICK)


def test_no_deadline_has_come_where_none_was_saved() -> None:
    assert not Stored(Asked(), COUNTERS).came_due(NOON)


async def test_a_deadline_that_was_saved_here_comes_once() -> None:
    kind = Stored(Asked(), COUNTERS)
    await begun(kind, "later", DUE)
    await begun(kind, "never", NOT_DUE)
    assert [kind.came_due(moment) for moment in (BEFORE, NOON, NOON)] == [False, True, False]


async def test_the_store_is_asked_at_the_start_and_then_only_when_something_comes_due() -> None:
    documents, clock, told = Asked(), FakeClock(BEFORE), asyncio.Event()
    kind = Stored(documents, COUNTERS)

    async def tick(key: str, cause: Cause) -> None:
        await kind.change(key, lambda _: [added(-DUE, key)], cause)
        told.set()

    async def story() -> None:
        await documents.looked.wait()
        await begun(kind, "c1", DUE)
        for _ in range(20):
            await asyncio.sleep(0)
        assert documents.looks == 1
        clock.pass_(60)
        await told.wait()
        ended.set()

    ended = asyncio.Event()
    await together([Ticks({kind: tick}, clock, pause=0, sweep=3600).run, story], ended)
    assert (await kind.get("c1")).total == 0


async def test_what_another_saved_is_found_by_the_sweep() -> None:
    documents, told = Asked(), asyncio.Event()
    mine, others = Stored(documents, COUNTERS), Stored(documents, COUNTERS)

    async def tick(key: str, cause: Cause) -> None:
        await mine.change(key, lambda _: [added(-DUE, key)], cause)
        told.set()

    async def story() -> None:
        await documents.looked.wait()
        await begun(others, "c1", DUE)

    await together([Ticks({mine: tick}, FakeClock(NOON), pause=0, sweep=0).run, story], told)
    assert (await mine.get("c1")).total == 0
