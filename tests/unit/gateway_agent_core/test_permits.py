"""What a client runs on: a grant that has not lapsed, no veto, and keys that this site believes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_clients import NAME, look, phase, ready, running
from agent_core import Agent
from agent_directives import CLIENT, KEY, MINUTES, SPEC, granted, participant
from agent_site import Site
from agent_values import NOON
from decision_values import OWNER, policy

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.directives import Wanted
from fedpact.contracts.workloads import Phase
from fedpact.decision.grants import Veto
from fedpact.decision.policies import signed_policy
from fedpact.gateway_agent.app.ports import Life

RENEWED = granted(until=NOON + 20 * MINUTES)
SPEC_VETOED = Veto(specs=frozenset({SPEC}))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def agent(site: Site) -> Iterator[Agent]:
    one = Agent(site)
    yield one
    one.close()


async def test_a_lapsed_grant_ends_the_client(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.clock.pass_(600)
    await look(agent)
    said = await agent.workloads.get(KEY)
    assert said.phase is Phase.FAILED
    assert "lapsed" in said.message
    assert site.world.seen == {}


async def test_a_renewed_grant_is_checked_and_told_to_the_dal(agent: Agent, site: Site) -> None:
    await ready(agent)
    later = granted(until=NOON + 20 * MINUTES)
    await agent.hear(running(site, grant=later), 3)
    await look(agent)
    assert site.open[f"{SPEC}-1-{CLIENT}"].valid_until == NOON + 20 * MINUTES
    site.clock.pass_(900)
    await look(agent)
    assert await phase(agent) is Phase.READY


async def test_a_renewal_that_is_refused_leaves_the_accepted_grant_until_it_lapses(agent: Agent, site: Site) -> None:
    await ready(agent)
    await agent.hear(running(site, grant=granted(gateway="gw-2", until=NOON + 20 * MINUTES)), 3)
    await look(agent)
    assert await phase(agent) is Phase.READY
    site.clock.pass_(601)
    await look(agent)
    assert await phase(agent) is Phase.FAILED


async def test_a_veto_ends_what_runs(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.veto(Veto(users=frozenset({"alice"})))
    await look(agent)
    said = await agent.workloads.get(KEY)
    assert (said.phase, said.message) == (Phase.FAILED, "this gateway's operator vetoed user `alice`")


async def test_a_veto_ends_what_runs_while_the_dal_is_away_and_a_renewal_waits(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.dal_up = False
    await agent.hear(running(site, grant=RENEWED), 3)
    site.veto(SPEC_VETOED)
    with pytest.raises(UnavailableError, match="DAL is away"):
        await look(agent)
    assert site.world.seen == {}
    site.dal_up = True
    await look(agent)
    assert (await agent.workloads.get(KEY)).message == f"this gateway's operator vetoed spec `{SPEC}`"


async def test_a_lapsed_grant_ends_the_client_while_nobody_can_decide_on_its_renewal(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.dal_up = False
    await agent.hear(running(site, grant=RENEWED), 3)
    with pytest.raises(UnavailableError, match="DAL is away"):
        await look(agent)
    assert site.world.seen[NAME].life is Life.RUNNING
    site.clock.pass_(600)
    with pytest.raises(UnavailableError, match="DAL is away"):
        await look(agent)
    assert site.world.seen == {}


async def test_a_client_whose_grant_lapsed_while_its_agent_was_away_lives_on_with_the_renewed_one(
    agent: Agent, site: Site
) -> None:
    await ready(agent)
    site.clock.pass_(660)
    await agent.hear(running(site, grant=RENEWED), 3)
    await look(agent)
    assert await phase(agent) is Phase.READY


@pytest.mark.parametrize(("veto", "seconds"), [(SPEC_VETOED, 0), (Veto(), 600)])
async def test_veto_and_lapse_end_what_runs_while_nothing_else_of_the_trust_can_be_read(
    agent: Agent, site: Site, veto: Veto, seconds: int
) -> None:
    await ready(agent)
    site.trust_readable = False
    site.veto(veto)
    site.clock.pass_(seconds)
    await look(agent)
    assert await phase(agent) is Phase.FAILED
    assert site.world.seen == {}


async def test_a_veto_that_cannot_be_read_ends_what_runs_for_it_might_forbid_it(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.veto_readable = False
    await look(agent)
    assert "`veto.json` cannot be read" in (await agent.workloads.get(KEY)).message
    assert await phase(agent) is Phase.FAILED


async def test_nothing_is_prepared_beside_a_veto_that_cannot_be_read(agent: Agent, site: Site) -> None:
    site.veto_readable = False
    await agent.hear(participant(), 1)
    await look(agent)
    assert await agent.said(KEY) == ["refused"]


async def test_what_the_site_believes_cannot_keep_alive_what_is_to_end(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.trust_readable = False
    with pytest.raises(UnavailableError):
        await look(agent)
    await agent.hear(participant(Wanted.STOPPED), 3)
    await look(agent)
    assert await phase(agent) is Phase.GONE


async def test_a_policy_that_was_seen_newer_is_not_accepted_older_but_what_runs_goes_on(
    agent: Agent, site: Site
) -> None:
    await ready(agent)
    newer = granted(spec_id="s-2", policies=(signed_policy(policy(revision=2), OWNER),))
    await agent.hear(participant(spec_id="s-2", grant=newer), 3)
    await agent.clients.reconcile(f"s-2/{CLIENT}")
    await agent.hear(participant(spec_id="s-3", grant=granted(spec_id="s-3")), 4)
    await agent.clients.reconcile(f"s-3/{CLIENT}")
    assert await agent.said(f"s-2/{CLIENT}") == ["accepted"]
    assert await agent.said(f"s-3/{CLIENT}") == ["refused"]
    await look(agent)
    assert await phase(agent) is Phase.READY
