"""
The portal with ten thousand compute specs: how soon its list is on the screen, and how soon a search answers.

    first paint     the list's first page in a headless Chromium, from asking for it to the first content on the screen.
                    Beside it the very same bytes from a server that does nothing but hand them out.
    search          `GET /v1/specs` for part of a dataset, a model, an id and a creator's address in turn, over a kept
                    connection. Beside it the same search on the same rows with `LIKE` in SQLite, in process.

Both run on the programs of `fedpact up`; the specs are facts folded as the portal folds them and put into its store.
"""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web
from bench_federation import Api, Embedded, embedded
from bench_harness import (
    Finding,
    Measure,
    Sample,
    alternate,
    at_most,
    carry_out,
    conclude,
    findings,
    percentile,
    rounds_asked,
)
from browser import MISSING, chromium, log_in
from playwright.async_api import Browser, Page
from portal_values import created, verdict
from servers import free_port

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.http import serving
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.mongo import MongoDocuments, connect
from fedpact.contracts.pact import ModelRef, Person, SpecContent
from fedpact.contracts.specs import Verdict
from fedpact.portal.app.kinds import SPECS

COUNT = 10_000
WRITERS = 8
SEARCHES = 40
HUB = frozenset({"nats", "mongo", "identity", "portal"})
ADA = Person(user="ada", organization="northlab", email="ada@northlab.example")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PAINT = (Measure(name="first paint of the list", unit="ms", limit=at_most(1000, "ms")),)
SEARCH = (
    Measure(name="search p95", unit="ms", limit=at_most(200, "ms")),
    Measure(name="search p50", unit="ms"),
)
PARTS = "() => performance.getEntriesByType('resource').map(entry => entry.name)"
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def names(number: int) -> tuple[str, str, str]:
    """Id, dataset and model of one spec."""
    return f"s-{number:05}", f"table{number % 97}_gateway-1_lakeside", f"model{number % 13}"


async def specs() -> MemoryDocuments:
    """All of them, folded from their facts."""
    folded = MemoryDocuments()
    kept = Stored(folded, SPECS)
    for number in range(COUNT):
        spec_id, dataset, model = names(number)
        what = SpecContent(datasets=(dataset,), model=ModelRef(id=model, version="1.0.0"))
        at = BEGAN + timedelta(minutes=number)
        facts = [created(spec_id, creator=ADA, what=what, at=at), verdict(spec_id, Verdict.APPROVED)]
        await kept.change(spec_id, lambda _, facts=facts: facts, Cause(now=at))  # type: ignore[misc]
    return folded


async def fill(hub: Embedded) -> None:
    """The specs into the portal's own store, and the portal started anew on them."""
    documents = iter(await (await specs()).every())
    url = (hub.layout.secrets / "portal.mongo").read_text().strip()
    async with connect(url) as client:
        store = MongoDocuments(client["portal"]["specs"])

        async def write() -> None:
            for document in documents:
                await store.save(document, expected=0, added=(), at=BEGAN)

        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(write())
    os.kill(hub.supervisor.pids()["portal"], signal.SIGKILL)
    await known(hub.api("ada"))


async def known(ada: Api) -> None:
    """Until the portal knows all of them."""
    async with asyncio.timeout(60):
        while True:
            try:
                if (await ada.get("/v1/specs"))["total"] == COUNT:
                    return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


def wanted(number: int) -> str:
    """What one search looks for."""
    spec_id, dataset, model = names(number * 241 % COUNT)
    return (spec_id, dataset, model, "ada@north")[number % 4]


async def search(rounds: int, ada: Api) -> list[Finding]:
    """A search at the API."""
    rows = sqlite3.connect(":memory:")
    rows.execute("create table specs (id, dataset, model, creator)")
    rows.executemany("insert into specs values (?, ?, ?, ?)", ((*names(n), ADA.email) for n in range(COUNT)))
    either = " or ".join(f"{column} like ?1" for column in ("id", "dataset", "model", "creator"))

    async def reference() -> Sample:
        took = []
        for number in range(SEARCHES):
            began, part = time.perf_counter(), (f"%{wanted(number)}%",)
            rows.execute(f"select count(*) from specs where {either}", part).fetchone()
            rows.execute(f"select * from specs where {either} order by id desc limit 50", part).fetchall()
            took.append((time.perf_counter() - began) * 1000)
        return _sample(took)

    async def ours() -> Sample:
        took = []
        for number in range(SEARCHES):
            began = time.perf_counter()
            found = await ada.get("/v1/specs", search=wanted(number))
            took.append((time.perf_counter() - began) * 1000)
            assert 0 < found["total"] <= COUNT
        return _sample(took)

    return findings(SEARCH, *await alternate(reference, ours, rounds=rounds))


def _sample(took: list[float]) -> Sample:
    return {"search p95": percentile(took, 0.95), "search p50": percentile(took, 0.5)}


@asynccontextmanager
async def handed_out(page: Page, portal: str) -> AsyncIterator[str]:
    """The list's page and what belongs to it, as a server gives them that only has them."""
    kept: dict[str, tuple[bytes, str]] = {}
    await page.goto(f"{portal}/specs", wait_until="load")
    for url in [page.url, *await page.evaluate(PARTS)]:
        if "/live/" not in url:
            answer = await page.request.get(url)
            kept[url.removeprefix(portal)] = (await answer.body(), answer.headers["content-type"])

    async def give(request: web.Request) -> web.Response:
        body, kind = kept.get(request.path_qs, (b"", "text/plain"))
        return web.Response(body=body, headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_get("/{any:.*}", give)
    port = free_port()
    async with serving(app, "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"


async def paint(rounds: int, browser: Browser, portal: str) -> list[Finding]:
    """The list in a browser."""
    context = await browser.new_context()
    page = await context.new_page()
    await log_in(page, portal, "ada")
    async with handed_out(page, portal) as plain:
        await page.close()

        async def painted(origin: str) -> Sample:
            one = await context.new_page()
            try:
                await one.goto(f"{origin}/specs")
                return {PAINT[0].name: float(await (await one.wait_for_function(FIRST_PAINT)).json_value())}
            finally:
                await one.close()

        return findings(PAINT, *await alternate(lambda: painted(plain), lambda: painted(portal), rounds=rounds))


async def work(rounds: int) -> int:
    """Both measurements, one table."""
    async with embedded(only=HUB) as hub, chromium() as browser:
        await fill(hub)
        found = await search(rounds, hub.api("ada"))
        found += await paint(rounds, browser, hub.machine.url("portal"))
    return conclude("portal", found)


if __name__ == "__main__":
    asked = rounds_asked("The portal with ten thousand compute specs.")
    if MISSING:
        sys.exit(f"bench portal: FAILED: {MISSING}")
    sys.exit(carry_out(lambda: work(asked)))
