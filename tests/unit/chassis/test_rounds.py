"""Everybody on the list is told, whatever happens in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.rounds import AGAIN, ROUNDS, Rounds

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEWS = Cause(now=NOW)


class Teller:
    """Notes who was told. `fails`: with what, for whom."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.kept = Stored(MemoryDocuments(), ROUNDS)
        self.rounds = Rounds(self.kept, at_once=2, batch=3)

    async def tell(self, _: str, key: str, __: Cause) -> None:
        if key in self.fails:
            raise self.fails[key]
        self.told.append(key)

    async def begin(self, keys: Sequence[str]) -> None:
        await self.rounds.begin("news", keys, self.tell, NEWS)

    async def go_on(self, after: timedelta = timedelta()) -> int:
        """What is due goes on; how much that was."""
        due = await self.kept.documents.due(NOW + after, 10)
        for about in due:
            await self.rounds.go_on(about, self.tell, Cause(now=NOW + after))
        return len(due)


async def test_a_few_are_told_at_once() -> None:
    teller = Teller()
    await teller.begin("ab")
    assert teller.told == ["a", "b"]
    assert not await teller.go_on()


async def test_many_are_told_in_turn_each_once() -> None:
    teller = Teller()
    await teller.begin("abcdefg")
    assert teller.told == []
    while await teller.go_on():
        pass
    assert teller.told == list("abcdefg")


async def test_who_is_listed_anew_is_told_anew() -> None:
    teller = Teller()
    await teller.begin("abcd")
    await teller.go_on()
    await teller.begin("cba")
    while await teller.go_on():
        pass
    assert teller.told == [*"abc", *"cba", "d"]


async def test_who_is_listed_anew_while_being_told_stays_on_the_list() -> None:
    teller = Teller()
    await teller.begin("abcd")

    async def meanwhile(_: str, key: str, __: Cause) -> None:
        if key == "b":
            await teller.begin("abcd")

    await teller.rounds.go_on("news", meanwhile, NEWS)
    while await teller.go_on():
        pass
    assert teller.told == list("abcd")


async def test_who_cannot_be_told_holds_up_nobody_and_is_told_later() -> None:
    teller = Teller()
    await teller.begin("abcde")
    teller.fails = {"a": ValueError()}
    await teller.go_on()
    await teller.go_on()
    assert teller.told == list("bcde")
    teller.fails = {}
    await teller.go_on()
    assert teller.told == list("bcdea")


async def test_those_of_whom_none_can_be_told_are_left_alone_for_a_while() -> None:
    teller = Teller()
    await teller.begin("abc")
    teller.fails = {key: ValueError() for key in "abc"}
    await teller.go_on()
    assert not await teller.go_on()
    teller.fails = {}
    await teller.go_on(AGAIN)
    assert teller.told == list("abc")


async def test_a_store_that_is_away_is_nobodys_fault_and_leaves_the_list_as_it_was() -> None:
    teller = Teller()
    await teller.begin("abc")
    teller.fails = {"b": UnavailableError("away")}
    with pytest.raises(UnavailableError):
        await teller.go_on()
    assert (await teller.kept.get("news")).waiting == ("a", "b", "c")
