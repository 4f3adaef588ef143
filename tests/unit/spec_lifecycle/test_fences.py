"""What a site's inventory proves about participants nobody has heard the end of."""

from datetime import datetime, timedelta

import pytest
from spec_values import ACTIVATE, APPROVAL, CLIENTS, DEACTIVATE, GOING_UP, LIMITS, NOON, SPEC, Life, gone, life

from fedpact.contracts.specs import ParticipantReleased
from fedpact.contracts.workloads import InventoryTaken, Phase, Presence

SILENT = "gateway-2"
STOPPED_AT = NOON + timedelta(minutes=5)


@pytest.fixture
def stuck() -> Life:
    """Told to stop five minutes after noon; the client of the silent gateway never said it is gone."""
    found = life(*APPROVAL, ACTIVATE, *GOING_UP).later(300).tell(DEACTIVATE, gone(CLIENTS[0]), gone("server"))
    return found.later(LIMITS.stop.total_seconds())


def inventory(*present: Presence, gateway: str = SILENT, heard_at: datetime | None = STOPPED_AT) -> InventoryTaken:
    late = NOON + timedelta(hours=1)
    return InventoryTaken(gateway=gateway, present=present, applied=1, heard_at=heard_at, taken_at=late)


def released(life: Life) -> list[str]:
    return [fact.participant for fact in life.said if isinstance(fact, ParticipantReleased)]


def test_who_is_not_in_the_inventory_is_released(stuck: Life) -> None:
    assert released(stuck.tell(inventory())) == [CLIENTS[1]]
    assert stuck.spec is not None
    assert stuck.spec.fences == ()


def test_who_is_in_the_inventory_is_not(stuck: Life) -> None:
    still = Presence(spec_id=SPEC, generation=1, participant=CLIENTS[1], phase=Phase.STOPPING)
    assert released(stuck.tell(inventory(still))) == []


def test_another_sites_inventory_proves_nothing(stuck: Life) -> None:
    assert released(stuck.tell(inventory(gateway="gateway-1"))) == []


@pytest.mark.parametrize("heard_at", [None, NOON, STOPPED_AT - timedelta(microseconds=1)])
def test_an_agent_that_has_not_heard_of_the_stop_proves_nothing(stuck: Life, heard_at: datetime | None) -> None:
    """It may have begun the participant since it looked, or begin it yet."""
    assert released(stuck.tell(inventory(heard_at=heard_at))) == []
    assert released(stuck.tell(inventory(heard_at=STOPPED_AT + timedelta(hours=1)))) == [CLIENTS[1]]
