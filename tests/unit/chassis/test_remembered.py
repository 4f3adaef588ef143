"""What was last saved here spares a look at the store, and never decides by itself."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from counter import COUNTERS, TICK, Added, Counter, TestAccepted, added, caused

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.documents import Document
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import DomainError


class Watched(MemoryDocuments):
    """Counts how often it is looked at."""

    looks = 0

    async def load(self, key: str) -> Document | None:
        self.looks += 1
        return await super().load(key)


class FullError(DomainError):
    """A counter takes only so much."""

    slug = "full"


def commanded() -> Cause:
    """By a command of its own."""
    cause = caused()
    assert cause.envelope is not None
    told = TestAccepted(command="tests.add", about="c1", command_id=cause.envelope.id)
    return replace(cause, accepted=told)


async def changed_twice(kind: Stored[Counter]) -> None:
    for _ in range(2):
        await kind.change("c1", lambda _: [added(1)], TICK)


async def test_an_aggregate_that_is_changed_again_and_again_is_not_looked_up() -> None:
    documents = Watched()
    kind = Stored(documents, COUNTERS)
    await changed_twice(kind)
    looks = documents.looks
    for _ in range(5):
        await kind.change("c1", lambda _: [added(1)], TICK)
    assert documents.looks == looks
    assert (await kind.get("c1")).total == 7


async def test_what_somebody_else_saved_meanwhile_is_decided_on() -> None:
    documents = Watched()
    mine, others = Stored(documents, COUNTERS), Stored(documents, COUNTERS)
    await changed_twice(mine)
    await others.change("c1", lambda _: [added(10)], TICK)
    seen: list[int] = []

    def step(state: Counter | None) -> Sequence[Added]:
        assert state is not None
        seen.append(state.total)
        return [added(state.total)]

    await mine.change("c1", step, TICK)
    assert seen == [2, 12]
    assert (await mine.get("c1")).total == 24


async def test_a_refusal_stands_only_on_what_is_stored() -> None:
    documents = Watched()
    mine, others = Stored(documents, COUNTERS), Stored(documents, COUNTERS)
    await changed_twice(mine)
    await others.change("c1", lambda _: [added(-2)], TICK)

    def step(state: Counter | None) -> Sequence[Added]:
        assert state is not None
        if state.total > 0:
            raise FullError("the counter is full")
        return [added(5)]

    await mine.change("c1", step, TICK)
    assert (await mine.get("c1")).total == 5
    with pytest.raises(FullError):
        await mine.change("c1", step, TICK)


async def test_nothing_to_do_stands_only_on_what_is_stored() -> None:
    documents = Watched()
    mine, others = Stored(documents, COUNTERS), Stored(documents, COUNTERS)
    await changed_twice(mine)
    await others.change("c1", lambda _: [added(-2)], TICK)
    await mine.change("c1", lambda state: [added(5)] if state and state.total == 0 else [], TICK)
    assert (await mine.get("c1")).total == 5


async def test_what_the_bus_has_is_not_published_again_by_the_next_save() -> None:
    kind = Stored(Watched(), COUNTERS)
    await changed_twice(kind)
    (saved,) = kind.saved()
    kind.published("c1", [entry["id"] for entry in saved.outbox])
    await kind.change("c1", lambda _: [added(1)], TICK)
    (saved,) = kind.saved()
    assert [entry["headers"]["ce-sequence"] for entry in saved.outbox] == ["3"]


async def test_what_a_command_begins_is_not_looked_up() -> None:
    documents = Watched()
    kind = Stored(documents, COUNTERS)
    await kind.change("c1", lambda _: [added(3)], commanded())
    assert documents.looks == 0
    assert (await kind.get("c1")).total == 3


async def test_what_is_there_is_not_begun_again_by_a_command() -> None:
    documents = Watched()
    await changed_twice(Stored(documents, COUNTERS))
    seen: list[Counter | None] = []

    def step(state: Counter | None) -> Sequence[Added]:
        seen.append(state)
        return [added(5)]

    elsewhere = Stored(documents, COUNTERS)
    await elsewhere.change("c1", step, commanded())
    assert [state and state.total for state in seen] == [None, 2]
    assert (await elsewhere.get("c1")).total == 7


async def test_a_command_that_came_before_is_not_carried_out_again_by_who_remembers_nothing() -> None:
    documents, command = Watched(), commanded()
    await Stored(documents, COUNTERS).change("c1", lambda _: [added(3)], command)
    elsewhere = Stored(documents, COUNTERS)
    assert await elsewhere.change("c1", lambda _: [added(3)], command) == ()
    assert (await elsewhere.get("c1")).total == 3
