"""Who says nothing is told to those who ask why, and nobody is accused by a portal that hears nobody."""

from datetime import UTC, datetime, timedelta

import pytest

from fedpact.chassis.clock import FakeClock
from fedpact.contracts.envelope import Envelope
from fedpact.contracts.telemetry import GatewayAlive, MetricsReported
from fedpact.portal.app.signs import Signs

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SITES = ("gateway-1", "gateway-2")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def signs(clock: FakeClock) -> Signs:
    return Signs(clock, timedelta(seconds=20))


async def hear(signs: Signs, gateway: str, kind: str = GatewayAlive.type) -> None:
    told = Envelope(source=f"fedpact/{gateway}/telemetry", type=kind, subject=gateway, time=NOON, route=gateway)
    await signs.alive(told, b"{}")


async def test_a_site_that_stopped_speaking_is_named_with_what_to_do(signs: Signs, clock: FakeClock) -> None:
    for gateway in SITES:
        await hear(signs, gateway)
    clock.pass_(30)
    await hear(signs, "gateway-1")
    [told] = signs.silent(SITES)
    assert told.startswith("`gateway-2` has said nothing for 30 s: ask its custodian")


async def test_a_site_that_never_spoke_is_silent_from_the_start(signs: Signs, clock: FakeClock) -> None:
    clock.pass_(21)
    await hear(signs, "gateway-1")
    assert len(signs.silent(SITES)) == 1


async def test_who_hears_nobody_accuses_nobody(signs: Signs, clock: FakeClock) -> None:
    assert signs.silent(SITES) == []
    await hear(signs, "gateway-1")
    clock.pass_(60)
    assert signs.silent(SITES) == []


async def test_other_telemetry_is_no_sign_of_life(signs: Signs, clock: FakeClock) -> None:
    clock.pass_(21)
    await hear(signs, "orchestrator")
    await hear(signs, "gateway-1", MetricsReported.type)
    assert len(signs.silent(["gateway-1"])) == 1
