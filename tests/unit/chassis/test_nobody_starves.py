"""What fails for ever does not keep its neighbours waiting, however many of it there are."""

import asyncio
from collections import Counter as Tally

from counter import COUNTERS, NOON, TICK, added

from fedpact.chassis import relay, ticks
from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.relay import Outboxes, Relay
from fedpact.chassis.ticks import Ticks


async def filled(names: list[str], amount: int = 100) -> Stored:
    """Counters of that amount: those of a hundred are due at noon."""
    kind = Stored(MemoryDocuments(), COUNTERS)
    for name in names:
        await kind.change(name, lambda _, name=name: [added(amount, name)], TICK)
    return kind


async def test_timers_that_always_fail_leave_the_others_their_turn() -> None:
    bad, good = [f"bad{n:04}" for n in range(2 * ticks.BATCH)], ["good1", "good2"]
    kind, told = await filled([*bad, *good]), Tally[str]()

    async def tick(key: str, cause: Cause) -> None:
        told[key] += 1
        if key.startswith("bad"):
            raise ValueError("always")
        await kind.change(key, lambda _: [added(-1, key)], cause)

    timers = Ticks({kind: tick}, FakeClock(NOON), pause=1, sweep=1)
    for _ in range(6):
        await timers.once()
    assert [told[key] for key in good] == [1, 1]
    assert min(told[key] for key in bad) >= 2
    assert max(told[key] for key in bad) - min(told[key] for key in bad) <= 1


async def test_a_timer_that_fails_once_is_told_again_at_the_next_sweep() -> None:
    kind, told = await filled(["c1"]), list[str]()

    async def tick(key: str, cause: Cause) -> None:
        told.append(key)
        if len(told) == 1:
            raise ValueError("once")
        await kind.change(key, lambda _: [added(-1, key)], cause)

    timers = Ticks({kind: tick}, FakeClock(NOON), pause=1, sweep=1)
    for _ in range(4):
        await timers.once()
    assert told == ["c1", "c1"]


class Picky:
    """A bus that takes nothing about some keys. Says when so many keys were `tried`, and so many `taken`."""

    def __init__(self, keys: int = 0) -> None:
        self.keys, self.refused = keys, "bad"
        self.taken: list[str] = []
        self.tried: Tally[str] = Tally()
        self.all_tried, self.all_taken = asyncio.Event(), asyncio.Event()

    async def publish(self, entry: Entry) -> None:
        key = entry["headers"]["ce-subject"]
        self.tried[key] += 1
        if len(self.tried) == self.keys:
            self.all_tried.set()
        if key.startswith(self.refused):
            raise UnavailableError("never")
        self.taken.append(key)
        if len(self.taken) == self.keys:
            self.all_taken.set()


async def test_outboxes_nobody_takes_leave_the_others_their_turn() -> None:
    bad = [f"bad{n:04}" for n in range(2 * relay.BATCH)]
    kind, line = await filled([*bad, "good1"], amount=1), Picky()
    outboxes = Outboxes(kind, line.publish)
    for _ in range(3):
        await failure_of(outboxes.sweep())
    assert line.taken == ["good1"]
    before = line.tried.total()
    await outboxes.sweep()
    assert line.tried.total() - before <= 1


async def test_what_nobody_took_goes_out_once_somebody_does() -> None:
    bad = [f"bad{n:04}" for n in range(2 * relay.BATCH)]
    kind, line = await filled(bad, amount=1), Picky(len(bad))
    serving = asyncio.create_task(Relay([kind], line.publish, sweep=0.001).run())
    try:
        async with asyncio.timeout(20):
            await line.all_tried.wait()
            line.refused = "nothing"
            await line.all_taken.wait()
    finally:
        serving.cancel()
    assert sorted(line.taken) == bad
