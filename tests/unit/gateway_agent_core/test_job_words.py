"""Whatever a job writes and leaves, its status is acted on and its last word is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_core import Agent
from agent_directives import JOB_KEY, job
from agent_jobs import connected, finished, last, look_at_job
from agent_site import Site

from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.runs import Outcome


@pytest.fixture
def site(tmp_path: Path) -> Site:
    one = Site(tmp_path)
    one.flare.course = (Status.RUNNING, Status.COMPLETED)
    return one


@pytest.fixture
def agent(site: Site) -> Iterator[Agent]:
    one = Agent(site)
    yield one
    one.close()


class Garbled:
    """What a job wrote or left, and nobody can read."""

    async def rounds(self, *_: object) -> None:
        raise RecursionError("deep")

    async def rest(self, *_: object) -> None:
        raise RecursionError("deep")

    async def store(self, *_: object) -> None:
        raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "/site/inbox/\ud800")

    async def seal(self, job: str, folder: Path, outcome: Outcome) -> None:
        raise OSError("/site/inbox is full")


async def submitted(agent: Agent) -> None:
    await connected(agent)
    await agent.hear(job(), 2)


async def test_metrics_that_cannot_be_read_hold_up_no_job(agent: Agent, site: Site) -> None:
    agent.jobs.work.gauges = Garbled()  # type: ignore[assignment]
    await submitted(agent)
    await finished(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "completed"]
    assert site.stored == ["j-1"]


@pytest.mark.parametrize("port", ["store", "seal"])
async def test_results_that_cannot_be_read_are_given_up_in_time(agent: Agent, site: Site, port: str) -> None:
    setattr(agent.jobs.work.parcels, port, getattr(Garbled(), port))
    await submitted(agent)
    with pytest.raises((ValueError, OSError)):
        await finished(agent)
    site.clock.pass_(301)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "completed"]
    word = await last(agent, JOB_KEY)
    assert '"results_lost":true' in word
    assert "/site" not in word
