"""What a hub service keeps is published and hears of its timers, without being listed again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fedpact.chassis.aggregates import Cause, Kind
from fedpact.chassis.hub import Hub
from fedpact.chassis.service import Service
from fedpact.chassis.settings import HubSettings
from fedpact.contracts.envelope import Fact

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def newest(_: str | None, fact: Fact) -> str:
    return fact.key


SAID = Kind(source="tests/said", state=str, evolve=newest)
SILENT = Kind(source="tests/silent", state=str, evolve=newest, silent=True)
TIMED = Kind(source="tests/timed", state=str, evolve=newest, due=lambda _: NOON)


async def tick(_: str, cause: Cause) -> None:
    del cause


async def ended(service: Service) -> Service:
    """It never ran, and yet has a client of the store."""
    for work in service.close:
        await work()
    return service


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    (tmp_path / "url").write_text("mongodb://127.0.0.1:9/")
    return Hub(HubSettings(mongo_url_file=tmp_path / "url", database="tests"), "tests")


async def test_everything_kept_is_run(hub: Hub) -> None:
    said, silent, timed = hub.kept("said", SAID), hub.kept("silent", SILENT), hub.kept("timed", TIMED)
    service = await ended(hub.service({timed: tick}))
    assert service.kinds == {said: None, silent: None, timed: tick}


async def test_a_timer_nobody_hears_of_is_no_service(hub: Hub) -> None:
    timed = hub.kept("timed", TIMED)
    with pytest.raises(ValueError, match="nobody hears of the timers of tests/timed"):
        hub.service()
    await ended(hub.service({timed: tick}))
