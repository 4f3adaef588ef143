"""How often FLARE is asked about a job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.gateway_agent.domain.runs import pause


@pytest.mark.parametrize(("lasted", "seconds"), [(0, 0.1), (5, 0.1), (50, 0.5), (200, 2.0), (86_400, 2.0)])
def test_the_pause_grows_with_the_job_within_limits(lasted: float, seconds: float) -> None:
    assert pause(lasted) == pytest.approx(seconds)


@given(st.floats(10, 1e6))
def test_an_end_is_noticed_within_a_hundredth_of_the_job(lasted: float) -> None:
    assert pause(lasted) <= lasted / 100 + 1e-9
