"""Labels and names of what belongs to a workload."""

import re

import pytest
from agent_values import CLIENT_NAME
from hypothesis import given
from hypothesis import strategies as st

from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.pods import PodName

tokens = st.from_regex(r"\A[a-z0-9-]{1,48}\Z")
names = st.builds(PodName, spec_id=tokens, generation=st.integers(0, 10**9), participant=tokens)


@given(names)
def test_whoever_reads_the_labels_knows_the_workload(name: PodName) -> None:
    assert marks.name_in(marks.labels("gateway-1", name)) == name


@given(names)
def test_every_name_is_fit_for_a_host(name: PodName) -> None:
    for made in (marks.object_name("gateway-1", name), marks.activation_name("gateway-1", name)):
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])", made)


def test_two_agents_and_two_generations_never_share_a_name() -> None:
    later = PodName(spec_id="s-42", generation=4, participant="gateway-1-1")
    made = [marks.object_name(agent, name) for agent in ("gateway-1", "gateway-2") for name in (CLIENT_NAME, later)]
    assert len(set(made)) == 4


@pytest.mark.parametrize("missing", [marks.SPEC, marks.GENERATION, marks.PARTICIPANT])
def test_labels_with_a_part_missing_name_nothing(missing: str) -> None:
    told = marks.labels("gateway-1", CLIENT_NAME)
    del told[missing]
    assert marks.name_in(told) is None
