"""The SDK against the portal itself over HTTP, with owners that answer at once: both sides mean the same API."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pytest
from portal_memory import Stage, application, stage
from portal_values import (
    HILL,
    LAKE,
    announced,
    changed,
    content,
    created,
    dataset,
    gateway,
    job,
    model,
    published,
    user,
)

from fedpact.chassis.http import serving
from fedpact.client import (
    AsyncFedpact,
    AsyncOptions,
    ConflictError,
    Fedpact,
    ForbiddenError,
    LoginExpiredError,
    NotFoundError,
    TimedOutError,
)
from fedpact.client.flows import Patience
from fedpact.client.hub import Options
from fedpact.contracts import api
from fedpact.contracts.jobs import JobStatus

T = TypeVar("T")


@pytest.fixture
def there(tmp_path: Path) -> Stage:
    return stage(tmp_path)


@pytest.fixture
async def url(there: Stage) -> AsyncIterator[str]:
    async with serving(application(there), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def asking(url: str):
    """Ask as somebody, from another thread: the portal lives in this one."""

    async def ask(question: Callable[[Fedpact], T], who: str = "ada", patience: Patience | None = None) -> T:
        def inside() -> T:
            with Fedpact(url, who, Options(patience=patience or Patience())) as fp:
                return question(fp)

        return await asyncio.to_thread(inside)

    return ask


async def test_every_noun_reads_what_the_portal_answers(there: Stage, asking) -> None:
    facts = created(), changed(), job(), model(), dataset(), gateway(), announced(), published(), user()
    await there.tell(*facts)

    def all_of_it(fp: Fedpact) -> dict[str, object]:
        return {
            "me": fp.me().user,
            "spec": fp.specs.get("s-1").content,
            "specs": [row.spec_id for row in fp.specs.every()],
            "jobs": [row.job_id for row in fp.jobs.every()],
            "job": fp.jobs.get("j-1").status,
            "models": fp.models.list().total,
            "datasets": fp.datasets.list().total,
            "policies": fp.policies.list().total,
            "why": fp.specs.why("s-1").status,
            "metrics": fp.jobs.metrics("j-1").points,
            "artifacts": fp.jobs.artifacts("j-1").items,
            "users": [found.user for found in fp.users.list().items],
            "status": fp.status().ready,
        }

    assert await asking(all_of_it) == {
        "me": "ada",
        "spec": content(),
        "specs": ["s-1"],
        "jobs": ["j-1"],
        "job": JobStatus.RUNNING,
        "models": 1,
        "datasets": 1,
        "policies": 1,
        "why": "inactive.awaiting_activation",
        "metrics": (),
        "artifacts": (),
        "users": ["ada"],
        "status": True,
    }


async def test_a_pact_is_made_activated_run_and_ended(asking) -> None:
    def story(fp: Fedpact) -> list[str]:
        spec = fp.specs.create(content(LAKE, HILL), key="mine")
        assert fp.specs.create(content(LAKE, HILL), key="mine").id == spec.id
        said = [spec.view.status, fp.specs.activate(spec.id, expected_generation=0).status]
        ran = fp.jobs.submit(spec.id, {"rounds": 5}, activate=True)
        said += [ran.view.status, ran.cancel().status]
        return [*said, fp.specs.deactivate(spec.id).status, fp.specs.clone(spec.id).id[:2]]

    assert await asking(story) == [
        "inactive.awaiting_activation",
        "updating.creating",
        "created",
        "cancelled",
        "inactive.shutdown",
        "s-",
    ]


async def test_refusals_come_back_as_what_they_are(asking) -> None:
    with pytest.raises(NotFoundError, match="there is no spec `s-9`"):
        await asking(lambda fp: fp.specs.get("s-9"))
    with pytest.raises(NotFoundError) as caught:
        await asking(lambda fp: fp.specs.create(content("unknown_gateway-9_lake")))
    assert (caught.value.code, caught.value.path) == ("unknown_dataset", "content.datasets.0")
    with pytest.raises(ForbiddenError, match="`owner`"):
        await asking(lambda fp: fp.policies.withdraw("p-lake"), "stan")
    with pytest.raises(LoginExpiredError):
        await asking(lambda fp: fp.me(), "nobody")


async def test_a_key_with_other_content_is_a_conflict(asking) -> None:
    def twice(fp: Fedpact) -> None:
        fp.specs.create(content(LAKE), key="mine")
        fp.specs.create(content(HILL), key="mine")

    with pytest.raises(ConflictError, match="use a new one"):
        await asking(twice)


async def test_a_silent_owner_is_waited_for_and_its_command_can_be_asked_for(there: Stage, asking) -> None:
    there.owners.silent.add("specs")
    with pytest.raises(TimedOutError, match="`fedpact commands get ") as caught:
        await asking(lambda fp: fp.specs.create(content()), "ada", Patience(outcome=0.2))
    command = caught.value.reason.split("commands get ")[1].split("`")[0]
    assert (await asking(lambda fp: fp.command(command))).status == "pending"


async def test_events_are_heard_as_they_happen(there: Stage, asking) -> None:
    await there.tell(created(), changed())

    async def happen() -> None:
        while not there.portal.api.streams.feed._listeners:  # noqa: ASYNC110 - the portal tells nobody who listens
            await asyncio.sleep(0.01)
        await there.tell(changed(status="updating.creating", generation=1))

    query = api.EventQuery(spec="s-1")
    heard, _ = await asyncio.gather(asking(lambda fp: list(islice(fp.events(query), 1))), happen())
    assert [entry.type for entry in heard] == ["specs.spec.changed"]


async def test_the_asynchronous_client_hears_what_it_waits_for(there: Stage, url: str) -> None:
    """Once it listens it sleeps no more: the news of the end is what wakes it."""
    await there.tell(created(), changed(status="updating.creating", generation=1), job())

    def listening() -> bool:
        return bool(there.portal.api.streams.feed._listeners)

    async def sleep(_: float) -> None:
        assert not listening()
        await asyncio.sleep(0)

    async def happen() -> None:
        while not listening():  # noqa: ASYNC110 - the portal tells nobody who listens
            await asyncio.sleep(0.01)
        await there.tell(job(status=JobStatus.COMPLETED))

    async with AsyncFedpact(url, "ada", AsyncOptions(sleep=sleep)) as fp:
        done, _ = await asyncio.gather((await fp.job("j-1")).wait(timeout=1000), happen())
        assert done.status is JobStatus.COMPLETED
        assert [row.job_id async for row in fp.jobs.every()] == ["j-1"]
        with pytest.raises(NotFoundError, match="there is no spec `s-9`"):
            await fp.spec("s-9")
