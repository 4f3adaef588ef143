"""The whole service on a real bus and a real store: capacity is given out once, everywhere or nowhere."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hub_service import Outside, present, running, settings_of
from scheduler_values import announced, created, ended, released, requested

from fedpact.contracts.queries import AskWait, Wait
from fedpact.contracts.scheduling import ActivationIdled, GangPlaced, GangQueued, GangRefused, SpecAssessed
from fedpact.contracts.specs import ActivationCompleted, JobClosed, JobOpened
from fedpact.scheduler.main import compose
from fedpact.scheduler.settings import EnvironmentCulling, Settings


@pytest.fixture
async def outside(nats_url: str, mongo_port: int, tmp_path: Path) -> AsyncIterator[Outside]:
    settings = Settings(**settings_of(nats_url, mongo_port, tmp_path, "scheduler"))
    async with running(compose(settings), nats_url, "scheduling") as found:
        yield found


async def sites_are_announced(outside: Outside) -> None:
    for site in ("hub", "gw-1", "gw-2"):
        await outside.tell(announced(site))


async def test_a_spec_is_assessed_again_when_its_sites_are_announced(outside: Outside) -> None:
    await outside.tell(created("s1", "gw-1"))
    assert not (await outside.told(SpecAssessed)).fits
    await sites_are_announced(outside)
    await outside.told(SpecAssessed, spec_id="s1", fits=True)


async def test_the_second_of_two_gangs_waits_until_the_first_and_its_fenced_rest_are_gone(outside: Outside) -> None:
    await outside.tell(created("s1", "gw-1", "gw-2"))
    await sites_are_announced(outside)
    await outside.told(SpecAssessed, fits=True)
    await outside.tell(requested("s1", "gw-1", "gw-2", cpu=3))
    assert sorted((await outside.told(GangPlaced, spec_id="s1")).leases) == ["gw-1", "gw-2", "hub"]
    await outside.tell(requested("s2", "gw-2", at=1, cpu=3))
    assert [missing.site for missing in (await outside.told(GangQueued, spec_id="s2")).shortfalls] == ["gw-2"]
    assert Wait.model_validate_json(await outside.ask(AskWait(spec_id="s2"))).waiting
    await outside.tell(ended("s1", "gw-2-1"))
    await outside.tell(requested("s3", "gw-1", at=2, cpu=5))
    await outside.told(GangRefused, spec_id="s3")
    assert Wait.model_validate_json(await outside.ask(AskWait(spec_id="s2"))).waiting
    await outside.tell(released("s1", "gw-2-1"))
    await outside.told(GangPlaced, spec_id="s2")
    assert not Wait.model_validate_json(await outside.ask(AskWait(spec_id="s2"))).waiting


async def test_an_activation_that_idles_for_too_long_is_told_of(nats_url: str, mongo_port: int, tmp_path: Path) -> None:
    culling = {"schedule": "* * * * * *", "threshold": "1s"}
    settings = Settings(
        **settings_of(nats_url, mongo_port, tmp_path, "scheduler"), environment_culling=EnvironmentCulling(**culling)
    )
    async with running(compose(settings), nats_url, "scheduling") as outside:
        since = present() - timedelta(hours=1)
        await outside.tell(ActivationCompleted(spec_id="s1", generation=3, at=since))
        await outside.tell(ActivationCompleted(spec_id="s2", generation=1, at=since))
        await outside.tell(JobOpened(spec_id="s2", job_id="j1", generation=1))
        told = await outside.told(ActivationIdled, spec_id="s1")
        assert told == ActivationIdled(spec_id="s1", generation=3, since=since)
        await outside.tell(JobClosed(spec_id="s2", job_id="j1", at=since + timedelta(minutes=1)))
        await outside.told(ActivationIdled, spec_id="s2", since=since + timedelta(minutes=1))
