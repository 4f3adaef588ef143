"""The scheduler's ledger and a gateway have the same idea of room."""

from functools import reduce

import pytest
from agent_directives import GRANT
from agent_values import NOON
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.pact import Resources, cpu_allotted, cpu_needed
from fedpact.gateway_agent.domain.admission import check_room
from fedpact.gateway_agent.domain.errors import SiteRefusedError
from fedpact.gateway_agent.domain.steps import Permit
from fedpact.gateway_agent.domain.workload import Turn
from fedpact.scheduler.domain.amounts import NOTHING, Amount

CORES = st.floats(1e-6, 64) | st.integers(1, 640).map(lambda tenths: tenths / 10)


def cores(cpu: float) -> Resources:
    return Resources(cpu=cpu, memory=1)


def ledger_has_room(total: float, asked: float, taken: list[float]) -> bool:
    held = reduce(Amount.plus, (Amount.needed(cores(cpu)) for cpu in taken), NOTHING)
    return Amount.allotted(cores(total)).cpu >= held.cpu + Amount.needed(cores(asked)).cpu


def gateway_has_room(total: float, asked: float, taken: list[float]) -> bool:
    turn = Turn(generation=1, attempt=1)
    permits = [Permit(turn=turn, grant=GRANT, cpu=cpu, gpu=0, memory=1, valid_until=NOON) for cpu in taken]
    try:
        check_room(cores(asked), Resources(cpu=total, memory=100), permits)
    except SiteRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("total", "asked", "count"),
    [(4, 0.8, 5), (1, 0.2, 5), (2, 0.4, 5), (1.2, 0.4, 3), (0.3, 0.1, 3), (2.007, 2.007, 1)],
)
def test_equal_parts_that_add_up_to_the_whole_all_have_room(total: float, asked: float, count: int) -> None:
    for before in range(count):
        assert ledger_has_room(total, asked, [asked] * before)
        assert gateway_has_room(total, asked, [asked] * before)
    assert not ledger_has_room(total, asked, [asked] * count)
    assert not gateway_has_room(total, asked, [asked] * count)


def test_a_hair_more_than_the_site_allots_has_no_room_anywhere() -> None:
    assert not ledger_has_room(1, 1.0004, [])
    assert not gateway_has_room(1, 1.0004, [])


@given(total=CORES, asked=CORES, taken=st.lists(CORES, max_size=8))
def test_the_gateway_has_room_exactly_when_the_ledger_says_so(total: float, asked: float, taken: list[float]) -> None:
    assert gateway_has_room(total, asked, taken) == ledger_has_room(total, asked, taken)


@given(CORES)
def test_a_request_is_rounded_up_and_an_allotment_down_by_less_than_a_thousandth(cpu: float) -> None:
    assert 0 <= cpu_needed(cpu) - cpu_allotted(cpu) <= 1
    assert cpu_needed(cpu) >= 1
