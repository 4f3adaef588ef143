"""A site decides about what was made of other datasets by what it offered it as, whatever the grant says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_core import Agent
from agent_directives import GATEWAY, KEY, granted, participant
from agent_site import Site
from agent_values import NOON
from decision_values import HEARTS

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.workloads import DatasetOffered
from fedpact.gateway_agent.domain.errors import SiteRefusedError

MIX = "mix_gw-1_clinic"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    one = Agent(Site(tmp_path, mapped={MIX}))
    yield one
    one.close()


async def offered(agent: Agent, *roots: str) -> None:
    offer = DatasetOffered(gateway=GATEWAY, dataset=MIX, name="mix", derived_from=roots)
    await agent.clients.work.admission.offers.change(MIX, lambda _: [offer], Cause(now=NOON))


def asked() -> object:
    return participant(datasets=(MIX,), grant=granted(datasets=(MIX,), rules={HEARTS: "p1#0"}))


async def test_the_policies_of_its_root_let_it_run(agent: Agent) -> None:
    await offered(agent, HEARTS)
    permit = await agent.clients.work.admission.admit(KEY, asked())
    assert await agent.clients.work.admission.objection(permit) is None


@pytest.mark.parametrize("roots", [(), (HEARTS, "lungs_gw-2_lab")])
async def test_a_grant_that_names_other_roots_than_the_site_does_is_refused(
    agent: Agent, roots: tuple[str, ...]
) -> None:
    await offered(agent, *roots)
    with pytest.raises(SiteRefusedError, match="no policy covers"):
        await agent.clients.work.admission.admit(KEY, asked())
