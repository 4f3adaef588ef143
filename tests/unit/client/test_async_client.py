"""The asynchronous client keeps the synchronous one's promises, with many tasks at a time and when it is cancelled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from client_portal import AT, PORTAL, FakePortal, FakeTime, active, artifact, job, page, spec

from fedpact.client import AsyncFedpact, AsyncOptions, LoginExpiredError, SpecEndedError, UnreachableError
from fedpact.contracts import api

WAITING = {"status": "updating.creating", "stage": "creating", "generation": 1}


def client(portal: FakePortal, time: FakeTime | None = None) -> AsyncFedpact:
    passing = time or FakeTime()

    async def sleep(seconds: float) -> None:
        passing.sleep(seconds)
        await asyncio.sleep(0)

    return AsyncFedpact(PORTAL, "t", AsyncOptions(transport=portal, elapsed=passing.read, sleep=sleep))


def running() -> FakePortal:
    portal = FakePortal().on("POST", "/v1/specs/s-1/activate", spec(**WAITING))
    portal.on("POST", "/v1/specs/s-1/deactivate", spec()).on("POST", "/v1/jobs", job())
    return portal.on("GET", "/v1/specs/s-1", spec(), spec(**WAITING), active())


async def test_an_activation_lasts_as_long_as_its_block() -> None:
    portal = running().on("GET", "/v1/jobs/j-1", job(), job(status="completed"))
    portal.on("GET", "/v1/jobs/j-1/metrics", {"job_id": "j-1", "points": []}).on("POST", "/v1/specs", spec())
    async with client(portal) as fp:
        made = await fp.specs.create(spec().content)
        async with made.activated() as activation:
            followed = await activation.submit({"rounds": 5})
            assert (await followed.wait()).status == "completed"
            assert (await followed.metrics()).points == ()
            assert not portal.asked("/v1/specs/s-1/deactivate")
    assert len(portal.asked("/v1/specs/s-1/deactivate")) == 1


async def test_it_ends_when_the_activation_never_came() -> None:
    failed = spec(status="failed.failed", outcome="failed", generation=1)
    portal = running().on("GET", "/v1/specs/s-1", spec(), failed)
    async with client(portal) as fp:
        with pytest.raises(SpecEndedError):
            async with fp.specs.activated("s-1"):
                pytest.fail("the block was entered")
    assert portal.last.url.path == "/v1/specs/s-1/deactivate"


@pytest.mark.parametrize("inside", [False, True])
async def test_who_is_cancelled_leaves_no_activation_behind(inside: bool) -> None:
    portal = running() if inside else running().on("GET", "/v1/specs/s-1", spec(), spec(**WAITING))
    begun = asyncio.Event()

    async def work(fp: AsyncFedpact) -> None:
        async with fp.specs.activated("s-1", timeout=1e9):
            begun.set()
            await asyncio.Event().wait()

    async with client(portal) as fp:
        task = asyncio.create_task(work(fp))
        while not (begun.is_set() if inside else portal.asked("/v1/specs/s-1/activate")):  # noqa: ASYNC110 - the task's steps are what passes
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert portal.last.url.path == "/v1/specs/s-1/deactivate"


async def test_many_waits_go_on_beside_each_other() -> None:
    portal = FakePortal()
    for number in range(20):
        name = f"j-{number}"
        views = [job(job_id=name, status=status) for status in ("running", "running", "completed")]
        portal.on("GET", f"/v1/jobs/{name}", *views)
    async with client(portal) as fp:
        done = await asyncio.gather(*(fp.jobs.wait(f"j-{number}") for number in range(20)))
    assert {view.job_id for view in done} == {f"j-{number}" for number in range(20)}
    first = [request.url.path for request in portal.requests[:20]]
    assert len(set(first)) == 20


async def test_every_page_is_read_until_all_are_told() -> None:
    pages = [page(api.JobPage, job(job_id=f"j-{n}").model_dump(), page=n, page_size=200, total=401) for n in range(3)]
    async with client(FakePortal().on("GET", "/v1/jobs", *pages)) as fp:
        assert [row.job_id async for row in fp.jobs.every()] == ["j-0", "j-1", "j-2"]


async def test_events_go_on_where_a_stream_ended() -> None:
    portal, time = (
        FakePortal().on("GET", "/v1/events", stream("a"), stream("b"), httpx.ConnectError("gone")),
        FakeTime(),
    )
    found: list[str] = []

    async def hear(fp: AsyncFedpact) -> None:
        async for entry in fp.events():
            found.append(entry.id)  # noqa: PERF401 - what was told before the end counts

    async with client(portal, time) as fp:
        with pytest.raises(UnreachableError, match="nobody answers"):
            await hear(fp)
    assert found == ["a", "b"]
    assert portal.requests[1].headers["last-event-id"] == "specs=a"
    assert sum(time.slept) >= 120


async def test_results_are_saved_and_checked(tmp_path: Path) -> None:
    portal = FakePortal().on("GET", "/v1/jobs/j-1", job())
    portal.on("GET", "/v1/jobs/j-1/artifacts", {"job_id": "j-1", "stored": True, "items": [artifact("a/b", b"hello")]})
    portal.on("GET", "/v1/jobs/j-1/artifacts/a/b", httpx.Response(200, content=b"hello"))
    async with client(portal) as fp:
        (saved,) = await (await fp.job("j-1")).download(tmp_path)
        assert saved.read_bytes() == b"hello"
        portal.on("GET", "/v1/jobs/j-1/artifacts/a/b", lambda _: httpx.Response(200, stream=Broken()))
        with pytest.raises(UnreachableError, match="try again"):
            await fp.jobs.download("j-1", tmp_path / "again")
    assert not (tmp_path / "again" / "a" / "b").exists()


async def test_a_token_is_renewed_once() -> None:
    class Tokens:
        def token(self, *, fresh: bool = False) -> str:
            return "new" if fresh else "old"

    portal = FakePortal().on("GET", "/v1/status", httpx.Response(401), {"ready": True, "checks": {}})
    async with AsyncFedpact(PORTAL, Tokens(), AsyncOptions(transport=portal)) as fp:
        assert (await fp.status()).ready
    assert [request.headers["authorization"] for request in portal.requests] == ["Bearer old", "Bearer new"]
    async with AsyncFedpact(
        PORTAL, "given", AsyncOptions(transport=portal.on("GET", "/v1/me", httpx.Response(401)))
    ) as fp:
        with pytest.raises(LoginExpiredError, match="get a new one"):
            await fp.me()


class Broken(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"he"
        raise httpx.ReadError("cut off")


def stream(name: str) -> httpx.Response:
    told = f'{{"id": "{name}", "type": "specs.spec.changed", "time": "{AT}", "about": "s-1", "text": "moved"}}'
    return httpx.Response(200, content=f"data: {told}\nid: specs={name}\n\n".encode())
