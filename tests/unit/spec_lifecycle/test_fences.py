"""What a site's inventory proves about participants nobody has heard the end of."""

from datetime import datetime, timedelta

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    DEACTIVATE,
    GOING_UP,
    LIMITS,
    NOON,
    SPEC,
    Life,
    accepted,
    gang,
    gone,
    grants,
    life,
)

from fedpact.contracts.directives import Directive, Wanted
from fedpact.contracts.specs import ParticipantReleased, ParticipantReminded
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


STILL = Presence(spec_id=SPEC, generation=1, participant=CLIENTS[1], phase=Phase.FAILED)
LATE = 8 * 24 * 3600


def stops(life: Life) -> list[tuple[str, str, int]]:
    """Which stops were said: gateway, part, generation."""
    said = [message for message in life.said if isinstance(message, Directive)]
    assert all(directive.wanted is Wanted.STOPPED for directive in said)
    return [(directive.gateway, directive.part, directive.generation) for directive in said]


def test_a_site_that_is_back_with_what_was_to_stop_is_told_again(stuck: Life) -> None:
    assert stops(stuck.later(LATE).tell(inventory(STILL))) == [(SILENT, CLIENTS[1], 1)]
    assert released(stuck.tell(gone(CLIENTS[1]))) == [CLIENTS[1]]


def test_a_site_that_is_back_and_has_heard_of_no_stop_is_told_again(stuck: Life) -> None:
    """Its store is lost, and no stop is in the stream any more."""
    assert stops(stuck.later(LATE).tell(inventory(heard_at=None))) == [(SILENT, CLIENTS[1], 1)]
    assert released(stuck.tell(inventory(heard_at=None))) == []
    assert released(stuck.tell(inventory(heard_at=stuck.now))) == [CLIENTS[1]]


def test_who_was_told_just_now_is_not_told_again(stuck: Life) -> None:
    stuck.later(LATE).tell(inventory(STILL)).later(LIMITS.stop.total_seconds() - 1)
    assert stops(stuck.tell(inventory(STILL))) == []
    stuck.later(1)
    assert stops(stuck.tell(inventory(STILL))) == [(SILENT, CLIENTS[1], 1)]


def test_a_silent_orchestrators_server_is_told_again_too() -> None:
    left = life(*APPROVAL, ACTIVATE, *GOING_UP).tell(DEACTIVATE, *(gone(c) for c in CLIENTS)).later(60).later(LATE)
    assert stops(left.tell(inventory(gateway="orchestrator", heard_at=None))) == [("orchestrator", "server", 1)]


def test_a_stop_of_an_ended_generation_is_never_said_over_what_is_wanted_now(stuck: Life) -> None:
    stuck.tell(ACTIVATE)
    assert stops(stuck.later(LATE).tell(inventory(STILL))) == [(SILENT, CLIENTS[1], 1)]
    stuck.tell(gang(2), grants(2), accepted(CLIENTS[0], generation=2))
    assert stops(stuck.later(90).tell(inventory(STILL))) == []


def test_the_newest_of_two_stops_is_said_again(stuck: Life) -> None:
    stuck.tell(ACTIVATE, gang(2), grants(2), DEACTIVATE, gone(CLIENTS[0], generation=2), gone("server", generation=2))
    stuck.later(60).later(LATE)
    assert set(stops(stuck.tell(inventory(STILL)))) == {(SILENT, CLIENTS[1], 2)}
    assert released(stuck.tell(gone(CLIENTS[1], generation=2))) == [CLIENTS[1], CLIENTS[1]]


def test_who_is_released_is_not_told_again(stuck: Life) -> None:
    late = stuck.later(LATE).tell(inventory())
    assert released(late) == [CLIENTS[1]]
    assert not any(isinstance(fact, ParticipantReminded) for fact in late.said)


def test_nobody_is_told_of_an_ended_generation_while_a_later_one_is_taken_down(stuck: Life) -> None:
    stuck.later(LATE).tell(ACTIVATE, gang(2), grants(2), DEACTIVATE)
    assert stops(stuck.tell(inventory(STILL))) == []
