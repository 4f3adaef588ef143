"""What the store does not take is not believed; what was taken away is gone at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from fedpact.chassis.clock import FakeClock
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.dal_service.adapters.store import StoredShelf

CLOCK = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    name: str


class FullDisk(MemoryDocuments):
    """Takes nothing while it is full."""

    full = False

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        if self.full:
            raise UnavailableError("disk full")
        return await super().save(document, expected=expected, added=added, at=at)


async def test_what_was_put_is_there_after_a_restart_and_what_was_dropped_is_not() -> None:
    documents = MemoryDocuments()
    before = StoredShelf(documents, Thing, CLOCK)
    await before.put("a", Thing(name="1"))
    await before.put("a", Thing(name="2"))
    await before.put("b", Thing(name="3"))
    await before.drop("b")
    await before.drop("never")
    after = StoredShelf(documents, Thing, CLOCK)
    await after.load()
    assert after.every() == [Thing(name="2")]
    await after.put("b", Thing(name="4"))
    assert after.find("b") == Thing(name="4")


async def test_a_store_that_fails_never_lets_more_through() -> None:
    documents = FullDisk()
    shelf = StoredShelf(documents, Thing, CLOCK)
    await shelf.put("a", Thing(name="1"))
    documents.full = True
    with pytest.raises(UnavailableError):
        await shelf.put("b", Thing(name="2"))
    assert shelf.find("b") is None
    with pytest.raises(UnavailableError):
        await shelf.drop("a")
    assert shelf.find("a") is None


async def test_a_change_does_not_bring_back_what_was_dropped() -> None:
    shelf = StoredShelf(MemoryDocuments(), Thing, CLOCK)
    await shelf.put("a", Thing(name="1"))
    assert await shelf.change("a", lambda thing: Thing(name=thing.name + "+")) == Thing(name="1+")
    await shelf.drop("a")
    assert await shelf.change("a", lambda thing: thing) is None
    assert shelf.find("a") is None


async def test_two_processes_on_one_store_are_noticed() -> None:
    documents = MemoryDocuments()
    one, other = StoredShelf(documents, Thing, CLOCK), StoredShelf(documents, Thing, CLOCK)
    await one.put("a", Thing(name="1"))
    with pytest.raises(UnavailableError, match="run only one"):
        await other.put("a", Thing(name="2"))


async def test_a_drop_the_store_did_not_take_can_be_repeated() -> None:
    documents = FullDisk()
    shelf = StoredShelf(documents, Thing, CLOCK)
    await shelf.put("a", Thing(name="1"))
    documents.full = True
    with pytest.raises(UnavailableError):
        await shelf.drop("a")
    documents.full = False
    await shelf.drop("a")
    again = StoredShelf(documents, Thing, CLOCK)
    await again.load()
    assert again.every() == []
