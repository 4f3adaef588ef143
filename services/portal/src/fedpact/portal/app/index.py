"""
Specs and jobs as rows in memory, newest first, so that a list never loads every document.

The store stays the truth: the rows are built from it at the start and refreshed from it, one key at a time, whenever
the journal says that this or another replica handled a fact. A scan over ten thousand rows takes milliseconds; the
documents behind them would take seconds.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from fedpact.contracts.api import JobQuery, PageQuery, SpecQuery
from fedpact.contracts.envelope import Actor
from fedpact.portal.app.ports import ReadModel
from fedpact.portal.domain.model import Entry
from fedpact.portal.domain.sight import JobRow, SpecRow, job_row, may_see_job, may_see_spec, spec_row

R = TypeVar("R")
TERMS = ("dataset", "model", "spec", "creator", "search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[R]):
    """One page of what matches, and how many match in all."""

    rows: tuple[R, ...]
    total: int


class Rows(Generic[R]):
    """Rows by key, in the order of their time, newest first."""

    def __init__(self, time_of: Callable[[R], datetime]) -> None:
        self._time_of = time_of
        self._rows: dict[str, R] = {}
        self._order: list[tuple[float, str]] = []

    def put(self, key: str, row: R) -> None:
        """Add or replace."""
        before = self._rows.get(key)
        place = self._place(key, row)
        if before is not None and self._place(key, before) != place:
            del self._order[bisect_left(self._order, self._place(key, before))]
            before = None
        if before is None:
            insort(self._order, place)
        self._rows[key] = row

    def get(self, key: str) -> R | None:
        return self._rows.get(key)

    def page(self, matches: Callable[[R], bool], page: PageQuery) -> Found[R]:
        """The rows of one page that match."""
        first, last = page.page * page.page_size, (page.page + 1) * page.page_size
        rows: list[R] = []
        total = 0
        for row in self:
            if matches(row):
                if first <= total < last:
                    rows.append(row)
                total += 1
        return Found(rows=tuple(rows), total=total)

    def __iter__(self) -> Iterator[R]:
        return (self._rows[key] for _, key in self._order)

    def __len__(self) -> int:
        return len(self._rows)

    def _place(self, key: str, row: R) -> tuple[float, str]:
        return -self._time_of(row).timestamp(), key


class Index:
    """The rows of this replica."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self.specs: Rows[SpecRow] = Rows(lambda row: row.created_at)
        self.jobs: Rows[JobRow] = Rows(lambda row: row.submitted_at)

    async def build(self) -> None:
        """All rows, from the store."""
        for spec in await self._model.specs.every():
            self._put_spec(spec_row(spec))
        for job in await self._model.jobs.every():
            self._put_job(job_row(job))

    async def refresh(self, entry: Entry) -> None:
        """The rows that a line of the journal is about, from the store."""
        if entry.job_id is not None:
            job = await self._model.jobs.find(entry.job_id)
            self._put_job(job_row(job) if job else None)
        elif entry.spec_id is not None:
            spec = await self._model.specs.find(entry.spec_id)
            self._put_spec(spec_row(spec) if spec else None)

    def find_specs(self, viewer: Actor, query: SpecQuery) -> Found[SpecRow]:
        """What `viewer` may see of what `query` asks."""
        asked = query.model_copy(update={name: (getattr(query, name) or "").lower() or None for name in TERMS})
        return self.specs.page(lambda row: may_see_spec(viewer, row) and _matches(row, asked), query)

    def find_jobs(self, viewer: Actor, query: JobQuery) -> Found[JobRow]:
        """What `viewer` may see of what `query` asks."""

        def matches(row: JobRow) -> bool:
            wanted = query.spec in (None, row.spec_id) and query.status in (None, row.status)
            return wanted and may_see_job(viewer, row.creator)

        return self.jobs.page(matches, query)

    def _put_spec(self, row: SpecRow | None) -> None:
        if row is not None:
            self.specs.put(row.spec_id, row)

    def _put_job(self, row: JobRow | None) -> None:
        if row is not None:
            self.jobs.put(row.job_id, row)


def _matches(row: SpecRow, query: SpecQuery) -> bool:
    """Whether the row is asked for; terms are in lower case."""
    if query.status is not None and row.category != query.status:
        return False
    creator = (row.creator.email or "", row.creator.user)
    return (
        _part(query.dataset, row.datasets)
        and _part(query.model, (row.model.id,))
        and _part(query.spec, (row.spec_id,))
        and _part(query.creator, creator)
        and _part(query.search, (row.spec_id, row.model.id, *row.datasets, *creator))
    )


def _part(term: str | None, texts: Iterable[str]) -> bool:
    return term is None or any(term in text.lower() for text in texts)
