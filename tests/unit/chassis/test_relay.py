"""The relay: what was saved here goes out at once, what others saved at the next sweep."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from counter import COUNTERS, TICK, Counter, added

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.relay import Outboxes, Relay

LONG = 3600.0


class Watched(MemoryDocuments):
    """Counts how often it is asked what waits."""

    asked = 0

    async def unsent(self, limit: int) -> Sequence[Document]:
        self.asked += 1
        return await super().unsent(limit)


class Line:
    """The bus; `away` times it takes nothing."""

    def __init__(self, away: int = 0) -> None:
        self.away, self.out = away, asyncio.Queue[Entry]()

    async def publish(self, entry: Entry) -> None:
        if self.away > 0:
            self.away -= 1
            raise UnavailableError("away")
        self.out.put_nowait(entry)

    async def sequences(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            return [(await self.out.get())["headers"]["ce-sequence"] for _ in range(count)]


@asynccontextmanager
async def relaying(line: Line, kind: Stored[Counter], sweep: float) -> AsyncIterator[None]:
    task = asyncio.create_task(Relay([kind], line.publish, sweep=sweep).run())
    try:
        yield
    finally:
        task.cancel()


async def first(kind: Stored[Counter], line: Line) -> None:
    """One message out, so that the look at the start is over."""
    await kind.change("c0", lambda _: [added(1, "c0")], TICK)
    assert await line.sequences(1) == ["1"]


async def test_what_was_saved_here_goes_out_without_asking_the_store() -> None:
    documents, line = Watched(), Line()
    kind = Stored(documents, COUNTERS)
    async with relaying(line, kind, LONG):
        await first(kind, line)
        asked = documents.asked
        for _ in range(3):
            await kind.change("c1", lambda _: [added(1), added(2)], TICK)
        assert (await line.sequences(6))[-1] == "6"
    assert documents.asked == asked


async def test_what_waited_in_the_store_at_the_start_goes_out_first() -> None:
    documents, line = Watched(), Line()
    await Stored(documents, COUNTERS).change("c1", lambda _: [added(1), added(2)], TICK)
    async with relaying(line, Stored(documents, COUNTERS), LONG):
        assert await line.sequences(2) == ["1", "2"]


async def test_what_another_process_saved_goes_out_at_the_next_sweep() -> None:
    documents, line = Watched(), Line()
    mine, others = Stored(documents, COUNTERS), Stored(documents, COUNTERS)
    async with relaying(line, mine, 0.01):
        await first(mine, line)
        await others.change("c1", lambda _: [added(1)], TICK)
        assert await line.sequences(1) == ["1"]


async def test_what_the_bus_did_not_take_goes_out_when_it_is_back() -> None:
    documents, line = Watched(), Line()
    kind = Stored(documents, COUNTERS)
    async with relaying(line, kind, 0.01):
        await first(kind, line)
        line.away = 3
        await kind.change("c1", lambda _: [added(1), added(2)], TICK)
        assert await line.sequences(2) == ["1", "2"]


async def test_a_save_carries_the_messages_that_others_left_unsent() -> None:
    documents = Watched()
    mine, others = Stored(documents, COUNTERS), Stored(documents, COUNTERS)
    await others.change("c1", lambda _: [added(1)], TICK)
    await mine.change("c1", lambda _: [added(2)], TICK)
    (saved,) = mine.saved()
    assert [entry["headers"]["ce-sequence"] for entry in saved.outbox] == ["1", "2"]
    assert saved == await documents.load("c1")
    assert mine.saved() == []


async def test_outboxes_are_emptied_together() -> None:
    class Counting(MemoryDocuments):
        def __init__(self) -> None:
            super().__init__()
            self.emptied: list[set[str]] = []

        async def sent(self, published: Mapping[str, Sequence[str]]) -> None:
            self.emptied.append(set(published))
            await super().sent(published)

    documents, line = Counting(), Line()
    kind = Stored(documents, COUNTERS)
    for key in ("c1", "c2", "c3"):
        await kind.change(key, lambda _, key=key: [added(1, key)], TICK)
    assert await Relay([kind], line.publish, sweep=LONG).once() == 3
    assert documents.emptied == [{"c1", "c2", "c3"}]
    assert await documents.unsent(10) == []


async def test_what_was_published_is_not_published_again_before_its_outbox_is_emptied() -> None:
    documents, line = MemoryDocuments(), Line()
    kind = Stored(documents, COUNTERS)
    outboxes = Outboxes(kind, line.publish)
    await kind.change("c1", lambda _: [added(1)], TICK)
    await outboxes.send_saved()
    await kind.change("c1", lambda _: [added(2)], TICK)
    await outboxes.send_saved()
    assert await line.sequences(2) == ["1", "2"]
    assert line.out.empty()
    await outboxes.empty()
    assert await documents.unsent(10) == []


async def test_an_aggregate_is_added_once() -> None:
    kind = Stored(Watched(), COUNTERS)
    assert await kind.add("c1", added(1), TICK)
    assert not await kind.add("c1", added(2), TICK)
    assert (await kind.get("c1")).total == 1


async def test_what_a_sweep_published_is_not_published_again_as_saved_meanwhile() -> None:
    class Slow(MemoryDocuments):
        """While it is asked what waits, somebody saves."""

        async def unsent(self, limit: int) -> Sequence[Document]:
            await kind.change("c1", lambda _: [added(1)], TICK)
            return await super().unsent(limit)

    documents, line = Slow(), Line()
    kind = Stored(documents, COUNTERS)
    outboxes = Outboxes(kind, line.publish)
    await outboxes.sweep()
    await outboxes.send_saved()
    assert await line.sequences(1) == ["1"]
    assert line.out.empty()
