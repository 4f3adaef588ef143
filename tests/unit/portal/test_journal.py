"""The journal: what it says of a fact, and that nobody misses a line of it."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal_memory import read_model
from portal_values import (
    ADA,
    LAKEOWNER,
    NOON,
    PERSON,
    announced,
    changed,
    created,
    dataset,
    job,
    model,
    organization,
    published,
    stored,
    user,
    verdict,
)

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.envelope import Fact
from fedpact.contracts.scheduling import GangQueued, Shortfall, SpecAssessed
from fedpact.contracts.specs import Verdict
from fedpact.portal.app import feed
from fedpact.portal.app.feed import FAR, Feed, Journal, Listener, cursor_text, read_cursor
from fedpact.portal.domain.errors import MalformedRequestError
from fedpact.portal.domain.journal import Place, entry_of
from fedpact.portal.domain.model import Entry
from fedpact.portal.domain.sight import may_hear

QUEUED = GangQueued(
    spec_id="s-1",
    generation=1,
    attempt=1,
    shortfalls=(Shortfall(site="gateway-1", resource="cpu", wanted=4, available=1),),
)


def line(fact: Fact, position: int = 1, stream: str = "specs") -> Entry | None:
    return entry_of(fact, Place(stream=stream, position=position, time=NOON, correlation="c"), PERSON)


async def written(journal: Journal, position: int) -> None:
    await journal.write(entry(position), NOON)
    await journal.move("specs", position, NOON)


def entry(position: int, stream: str = "specs") -> Entry:
    found = line(created(f"s-{position}"), position, stream)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (created(), "created by ada"),
        (verdict(), "verdict rejected"),
        (changed(status="active.running"), "active.running"),
        (job(), "job j-1 running"),
        (stored(), "job j-1 left 1 files"),
        (QUEUED, "waits for capacity; gateway-1 lacks cpu: wanted 4, available 1"),
        (organization(), "organization lab joined"),
        (user(), "user ada changed"),
        (announced(), "gateway gateway-1 announced version 0.1.0"),
        (dataset(), "dataset one_gateway-1_lake registered"),
        (model(), "model logreg changed (1.0.0)"),
        (published(), "policy p-lake published"),
    ],
)
def test_each_fact_people_follow_has_its_words(fact: Fact, text: str) -> None:
    found = line(fact)
    assert found is not None
    assert found.text == text


def test_a_fact_nobody_follows_has_no_line() -> None:
    assert line(SpecAssessed(spec_id="s-1", fits=True)) is None


def test_that_a_verdict_is_awaited_is_told_by_the_status_alone() -> None:
    pending = line(verdict(answer=Verdict.PENDING))
    assert pending is not None
    assert pending.text == ""


@pytest.mark.parametrize("fact", [verdict(), job(), published(), stored()])
def test_a_line_holds_no_reasons_no_payload_and_no_policy_text(fact: Fact) -> None:
    found = line(fact)
    assert found is not None
    told = json.dumps(found.model_dump(mode="json"))
    assert not [word for word in ("not_covered", "3 rounds", "secret", "internal remarks") if word in told]


def test_a_jobs_line_is_not_for_the_custodian() -> None:
    found = line(job())
    assert found is not None
    assert may_hear(ADA, found.audience)
    assert not may_hear(LAKEOWNER, found.audience)


@given(st.sets(st.integers(1, 200), max_size=40), st.integers(0, 210), st.integers(0, 210))
async def test_between_two_places_lies_every_line_in_order(kept: set[int], after: int, last: int) -> None:
    model_ = read_model()
    journal = Journal(model_.entries, model_.heads)
    for position in kept:
        await written(journal, position)
    found = [e.position for e in await journal.between("specs", after, last)]
    assert found == sorted(position for position in kept if after < position <= last)
    assert (await journal.heads()).get("specs", 0) == max(kept, default=0)


async def test_every_listener_hears_every_line_once_whoever_wrote_it() -> None:
    model_ = read_model()
    journal = Journal(model_.entries, model_.heads)
    refreshed: list[str] = []

    async def refresh(one: Entry) -> None:
        refreshed.append(one.key)

    mine = Feed(journal, refresh)
    await mine.begin()
    with mine.listening() as first, mine.listening() as second:
        for position in (3, 5, 40):
            await written(journal, position)
            await mine.advance()
            await mine.advance()
        for listener in (first, second):
            assert [listener.lines.get_nowait().position for _ in range(3)] == [3, 5, 40]  # type: ignore[union-attr]
            assert listener.lines.empty()
    assert refreshed == ["specs/3", "specs/5", "specs/40"]


def delivered(position: int, number: int | None = None) -> Cause:
    """A delivery of the stream of specs, as the next one if nothing else is said."""
    return Cause(now=NOON, stream="specs", stream_sequence=position, delivery=number or position)


def heard(listener: Listener[Entry]) -> list[int]:
    """The places of the lines since this was last asked."""
    told = [listener.lines.get_nowait() for _ in range(listener.lines.qsize())]
    return [line.position for line in told if line is not None]


@dataclass
class Replicas:
    """Two portals over one store."""

    journal: Journal
    mine: Feed
    others: Feed

    async def write(self, feed: Feed, position: int) -> None:
        await self.journal.write(entry(position), NOON)
        await feed.wrote(entry(position), delivered(position))


@pytest.fixture
async def replicas() -> Replicas:
    model_ = read_model()
    journal = Journal(model_.entries, model_.heads)

    async def refresh(_: Entry) -> None:
        return

    return Replicas(journal=journal, mine=Feed(journal, refresh), others=Feed(journal, refresh))


async def test_what_a_replica_wrote_is_heard_there_at_once_and_elsewhere_once_it_is_announced(
    replicas: Replicas,
) -> None:
    with replicas.mine.listening() as here, replicas.others.listening() as there:
        for position in (1, 2, 3):
            await replicas.write(replicas.mine, position)
        await replicas.others.advance()
        assert (heard(here), heard(there)) == ([1, 2, 3], [])
        await replicas.mine.announce()
        await replicas.others.advance()
        assert (heard(here), heard(there)) == ([], [1, 2, 3])


async def test_what_another_replica_wrote_in_between_is_heard_first_though_nobody_announced_it(
    replicas: Replicas,
) -> None:
    with replicas.mine.listening() as listener:
        for position in range(1, 8):
            await replicas.write(replicas.others if position in {2, 5, 6} else replicas.mine, position)
        assert heard(listener) == [1, 2, 3, 4, 5, 6, 7]


async def test_an_outcome_is_reached_when_every_line_before_it_was_taken_in(replicas: Replicas) -> None:
    with replicas.mine.listening() as listener:
        await replicas.write(replicas.mine, 1)
        await replicas.write(replicas.others, 2)
        await replicas.mine.reached(delivered(3))
        assert heard(listener) == [1, 2]


async def test_a_delivery_that_comes_again_is_heard_once(replicas: Replicas) -> None:
    with replicas.mine.listening() as listener:
        await replicas.write(replicas.mine, 1)
        await replicas.mine.wrote(entry(1), delivered(1, 2))
        await replicas.mine.wrote(entry(1), delivered(1, 2))
        await replicas.journal.write(entry(2), NOON)
        await replicas.mine.wrote(entry(2), delivered(2, 3))
        assert heard(listener) == [1, 2]


async def test_lines_whose_writer_broke_down_before_it_announced_them_are_known_after_its_start(
    replicas: Replicas,
) -> None:
    await replicas.write(replicas.mine, 1)
    await replicas.mine.announce()
    for position in (2, 3):
        await replicas.write(replicas.mine, position)
    await replicas.others.begin()
    assert replicas.others.heads == {"specs": 3}


async def test_who_does_not_keep_up_is_let_go_and_the_others_hear_on() -> None:
    listener = feed.Listener()
    for position in range(1, feed.QUEUE + 10):
        listener.tell(entry(position))
    heard = [listener.lines.get_nowait() for _ in range(feed.QUEUE + 1)]
    assert heard[-1] is None
    assert listener.lines.empty()


async def test_who_is_too_far_behind_is_told_that_something_is_missing() -> None:
    model_ = read_model()
    journal = Journal(model_.entries, model_.heads)
    for position in (1, FAR + 2):
        await written(journal, position)

    async def refresh(_: Entry) -> None:
        return

    behind = Feed(journal, refresh)
    await behind.begin()
    whole, found = await behind.missed({"specs": 1}, behind.heads)
    assert (whole, [e.position for e in found]) == (False, [FAR + 2])
    whole, found = await behind.missed({"specs": 2}, behind.heads)
    assert (whole, [e.position for e in found]) == (True, [FAR + 2])


@given(st.dictionaries(st.sampled_from(["specs", "jobs", "policy"]), st.integers(0, 10**9)))
def test_a_cursor_survives_being_an_event_id(cursor: dict[str, int]) -> None:
    assert read_cursor(cursor_text(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["specs", "specs=x", "specs=-1", "specs=\u0662", "=", "a=1,b", "a=1,", "a=" + "9" * 5000]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequestError):
        read_cursor(text)
