"""Lists answer from rows in memory."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal_memory import read_model, stage
from portal_values import ADA, BOB, HILL, LAKE, LAKEOWNER, NOON, PERSON, STRANGER, changed, content, created, job, later

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.documents import Document
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.api import JobQuery, PageQuery, SpecQuery
from fedpact.contracts.jobs import JobStatus
from fedpact.contracts.pact import Person
from fedpact.portal.app.index import MOST_STALE, Index, Rows
from fedpact.portal.app.kinds import SPECS
from fedpact.portal.domain.model import Entry, SpecState
from fedpact.portal.domain.sight import SpecRow, spec_row

OTHER = Person(user="zoe", organization="moor", email="zoe@moor.org")


def row(number: int, *, creator: Person = PERSON, status: str = "active.running") -> SpecRow:
    name = f"s-{number:05}"
    what = content(LAKE) if number % 2 else content(HILL, model="stats")
    state = SpecState(
        created=created(name, creator=creator, what=what, at=later(number)), changed=changed(name, status)
    )
    found = spec_row(state)
    assert found is not None
    return found


@pytest.fixture
def index() -> Index:
    found = Index(read_model())
    rows = [row(n, creator=OTHER if n % 5 == 0 else PERSON) for n in range(100)]
    random.Random(1).shuffle(rows)
    for one in rows:
        found.specs.put(one.spec_id, one)
    return found


async def test_the_newest_spec_comes_first_and_pages_do_not_overlap(index: Index) -> None:
    pages = [await index.find_specs(ADA, SpecQuery(page=n, page_size=30)) for n in range(4)]
    found = [one.spec_id for page in pages for one in page.rows]
    assert found == sorted((f"s-{n:05}" for n in range(100) if n % 5), reverse=True)
    assert {page.total for page in pages} == {80}


async def test_a_list_holds_only_what_its_viewer_may_see(index: Index) -> None:
    assert (await index.find_specs(BOB, SpecQuery())).total == 80
    assert (await index.find_specs(STRANGER, SpecQuery())).total == 20
    assert (await index.find_specs(LAKEOWNER, SpecQuery())).total == 50


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"dataset": LAKE}, 40),
        ({"dataset": "hill"}, 40),
        ({"model": "stats"}, 40),
        ({"spec": "s-00001"}, 1),
        ({"creator": "ADA@lab"}, 80),
        ({"creator": "zoe"}, 0),
        ({"status": "active"}, 80),
        ({"status": "failed"}, 0),
    ],
)
async def test_search_is_by_one_of_dataset_model_spec_or_creator(
    index: Index, query: dict[str, str], total: int
) -> None:
    assert (await index.find_specs(ADA, SpecQuery.model_validate(query))).total == total


def test_searching_by_two_things_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="search by one"):
        SpecQuery(dataset="a", model="b")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50)), max_size=60))
def test_rows_stay_in_order_whatever_is_put(puts: list[tuple[int, int]]) -> None:
    rows: Rows[tuple[str, int]] = Rows(lambda pair: later(pair[1]))
    wanted: dict[str, int] = {}
    for name, when in puts:
        rows.put(f"k{name}", (f"k{name}", when))
        wanted[f"k{name}"] = when
    assert list(rows) == sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))
    assert rows.page(lambda _: True, PageQuery(page_size=5)).total == len(wanted)


async def test_the_index_of_a_new_replica_is_that_of_the_old_one(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(created("s-1"), changed("s-1", "active.running"), created("s-2"), job("j-1"))
    fresh = Index(there.model)
    await fresh.build()
    await there.portal.index.settle()
    assert list(fresh.specs) == list(there.portal.index.specs)
    assert list(fresh.jobs) == list(there.portal.index.jobs)


async def test_another_replicas_index_follows_the_journal(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(created("s-1"))
    other = Index(there.model)
    await other.build()
    await there.tell(changed("s-1", "active.running"))
    for entry in await there.portal.feed._journal.between("specs", 0, 9):
        await other.refresh(entry)
    await other.settle()
    found = other.specs.get("s-1")
    assert found is not None
    assert found.status == "active.running"


async def test_many_facts_about_one_spec_cost_one_look(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(created("s-1"))
    assert "s-1" in there.portal.index.specs
    await there.tell(*(changed("s-1", status) for status in ("updating.creating", "active.running", "inactive.error")))
    before = there.portal.index.specs.get("s-1")
    found = await there.portal.index.find_specs(ADA, SpecQuery(status="inactive"))
    assert (before.status if before else "") != "inactive.error"
    assert [one.status for one in found.rows] == ["inactive.error"]


async def test_a_row_that_could_not_be_read_is_read_the_next_time() -> None:
    class Shaky(MemoryDocuments):
        away = False

        async def load(self, key: str) -> Document | None:
            if self.away:
                raise UnavailableError("the store does not answer")
            return await super().load(key)

    documents = Shaky()
    specs = Stored(documents, SPECS)
    index = Index(replace(read_model(), specs=specs))
    for number, fact in enumerate((created("s-1"), changed("s-1", "active.running"))):
        await specs.change("s-1", lambda _, fact=fact: [fact], Cause(now=NOON))
        await index.refresh(line(number + 1))
    documents.away = True
    with pytest.raises(UnavailableError):
        await index.settle()
    documents.away = False
    (found,) = (await index.find_specs(ADA, SpecQuery())).rows
    assert found.status == "active.running"


def line(position: int) -> Entry:
    """A line of the journal about that spec."""
    return Entry(
        origin="specs", position=position, kind="k", about="s-1", time=NOON, text="", spec_id="s-1", until=NOON
    )


async def test_no_more_than_a_few_rows_wait_to_be_read_again(tmp_path: Path) -> None:
    there = stage(tmp_path)
    names = [f"s-{number}" for number in range(MOST_STALE + 1)]
    await there.tell(*map(created, names))
    await there.tell(*(changed(name, "active.running") for name in names))
    found = there.portal.index.specs.get(names[0])
    assert found is not None
    assert found.status == "active.running"


async def test_jobs_are_found_by_spec_and_status(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(job("j-1"), job("j-2", spec_id="s-2"), job("j-3", status=JobStatus.FAILED, actor=OTHER))
    index = there.portal.index
    assert (await index.find_jobs(ADA, JobQuery())).total == 2
    assert [one.job_id for one in (await index.find_jobs(ADA, JobQuery(spec="s-2"))).rows] == ["j-2"]
    assert (await index.find_jobs(ADA, JobQuery(status=JobStatus.FAILED))).total == 0


async def test_a_redelivered_or_older_fact_changes_nothing(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(created("s-1"))
    older = there.owners.tell(changed("s-1", "updating.creating"))
    newer = there.owners.tell(changed("s-1", "active.running"))
    for fact, envelope in (newer, older, newer):
        await there.portal.handlers.spec(
            fact, Cause(now=NOON, envelope=envelope, stream="specs", stream_sequence=envelope.sequence)
        )
    await there.portal.feed.advance()
    await there.portal.index.settle()
    found = there.portal.index.specs.get("s-1")
    assert found is not None
    assert found.status == "active.running"
