"""
Specs, jobs and artifacts as rows in memory, newest first, so that a list never loads every document.

The store stays the truth: the rows are built from it at the start. Whenever the journal says that this or another
replica handled a fact, the row it is about is stale; it is read again when somebody next asks for rows, so that many
facts about one thing cost one look. A scan over ten thousand rows takes milliseconds; the documents behind them would
take seconds.
"""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from fedpact.contracts.api import ArtifactQuery, JobQuery, PageQuery, SpecQuery
from fedpact.contracts.artifacts import ArtifactRegistered
from fedpact.contracts.envelope import Actor
from fedpact.portal.app.ports import ReadModel
from fedpact.portal.domain.artifacts import ArtifactState, may_have
from fedpact.portal.domain.model import Entry
from fedpact.portal.domain.sight import JobRow, SpecRow, job_row, may_see_job, may_see_spec, spec_row

R = TypeVar("R")
Reload = Callable[[str], Awaitable[None]]
"""Reads one row from the store."""
MOST_STALE = 32
"""Rows that may wait to be read again: who asks for rows reads no more than these before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[R]):
    """One page of what matches, and how many match in all."""

    rows: tuple[R, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """What is known of an artifact that was registered."""

    registered: ArtifactRegistered
    state: ArtifactState


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

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[R]:
        return (self._rows[key] for _, key in self._order)

    def __len__(self) -> int:
        return len(self._rows)

    def _place(self, key: str, row: R) -> tuple[float, str]:
        return -self._time_of(row).timestamp(), key


class Index:
    """The rows of this replica. Who reads `specs`, `jobs` or `artifacts` settles before."""

    def __init__(self, model: ReadModel) -> None:
        self._model = model
        self._stale: set[tuple[Reload, str]] = set()
        self._settling = asyncio.Lock()
        self.specs: Rows[SpecRow] = Rows(lambda row: row.created_at)
        self.jobs: Rows[JobRow] = Rows(lambda row: row.submitted_at)
        self.artifacts: Rows[ArtifactRow] = Rows(lambda row: row.registered.created_at)

    async def build(self) -> None:
        """All rows, from the store."""
        for spec in await self._model.specs.every():
            self._put_spec(spec_row(spec))
        for job in await self._model.jobs.every():
            self._put_job(job_row(job))
        for artifact in await self._model.artifacts.every():
            self._put_artifact(artifact)

    async def refresh(self, entry: Entry) -> None:
        """A line of the journal: its row is stale. A new spec's is read, as it says who may hear of the spec."""
        if entry.artifact_id is not None:
            await self._changed(self._load_artifact, entry.artifact_id)
        elif entry.job_id is not None:
            await self._changed(self._load_job, entry.job_id)
        elif entry.spec_id is not None and entry.spec_id in self.specs:
            await self._changed(self._load_spec, entry.spec_id)
        elif entry.spec_id is not None:
            await self._load_spec(entry.spec_id)

    async def settle(self) -> None:
        """Read again what is stale. Who comes while that is done waits for it."""
        async with self._settling:
            while self._stale:
                load, key = one = self._stale.pop()
                with ExitStack() as unread:
                    unread.callback(self._stale.add, one)
                    await load(key)
                    unread.pop_all()

    async def find_specs(self, viewer: Actor, query: SpecQuery) -> Found[SpecRow]:
        """What `viewer` may see of what `query` asks."""
        by, term = _searched(query)

        def matches(row: SpecRow) -> bool:
            wanted = query.status in (None, row.category) and term in row.words[by]
            return wanted and may_see_spec(viewer, row)

        await self.settle()
        return self.specs.page(matches, query)

    async def find_jobs(self, viewer: Actor, query: JobQuery) -> Found[JobRow]:
        """What `viewer` may see of what `query` asks."""

        def matches(row: JobRow) -> bool:
            wanted = query.spec in (None, row.spec_id) and query.status in (None, row.status)
            return wanted and may_see_job(viewer, row.creator)

        await self.settle()
        return self.jobs.page(matches, query)

    async def find_artifacts(self, viewer: Actor, query: ArtifactQuery) -> Found[ArtifactRow]:
        """What `viewer` may have of what `query` asks."""

        def matches(row: ArtifactRow) -> bool:
            told = row.registered
            if query.job not in (None, told.job_id) or query.spec not in (None, told.spec_id):
                return False
            wanted = query.kind in (None, told.file.kind) and (query.deleted or row.state.deleted is None)
            return wanted and may_have(viewer, row.state)

        await self.settle()
        return self.artifacts.page(matches, query)

    async def _changed(self, load: Reload, key: str) -> None:
        self._stale.add((load, key))
        if len(self._stale) > MOST_STALE:
            await self.settle()

    async def _load_artifact(self, key: str) -> None:
        self._put_artifact(await self._model.artifacts.find(key))

    async def _load_job(self, key: str) -> None:
        job = await self._model.jobs.find(key)
        self._put_job(job_row(job) if job else None)

    async def _load_spec(self, key: str) -> None:
        spec = await self._model.specs.find(key)
        self._put_spec(spec_row(spec) if spec else None)

    def _put_artifact(self, state: ArtifactState | None) -> None:
        if state is not None and state.registered is not None:
            self.artifacts.put(state.registered.artifact_id, ArtifactRow(registered=state.registered, state=state))

    def _put_spec(self, row: SpecRow | None) -> None:
        if row is not None:
            self.specs.put(row.spec_id, row)

    def _put_job(self, row: JobRow | None) -> None:
        if row is not None:
            self.jobs.put(row.job_id, row)


def _searched(query: SpecQuery) -> tuple[str, str]:
    """What is searched by, and the part of it that is looked for; a query names one at most."""
    for by in ("dataset", "model", "spec", "creator"):
        if term := getattr(query, by):
            return by, str(term).lower()
    return "search", (query.search or "").lower()
