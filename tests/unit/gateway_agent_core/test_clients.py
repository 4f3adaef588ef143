"""A gateway's client from directive to gone, on scripted ports; and through a crash at every single effect."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_clients import NAME, look, phase, prepared, ready, running
from agent_core import Agent
from agent_directives import CLIENT, ENDPOINT, GRANT, KEY, SPEC, certified, granted, participant
from agent_site import TOTALS, Crash, Site
from agent_values import NOON
from decision_values import HEARTS, OWNER, policy

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.directives import Wanted
from fedpact.contracts.pact import Resources
from fedpact.contracts.workloads import Phase
from fedpact.decision.policies import signed_policy
from fedpact.gateway_agent.app.ports import Life


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def agent(site: Site) -> Iterator[Agent]:
    one = Agent(site)
    yield one
    one.close()


async def test_a_client_is_prepared_launched_and_ended(agent: Agent, site: Site) -> None:
    await ready(agent)
    pod = site.world.pods[NAME]
    assert pod.env["APH_DAL_TOKEN"] == f"token of {SPEC}-1-{CLIENT}"
    assert pod.env["APH_DATA"] == f'{{"{HEARTS}":"{HEARTS}/data.csv"}}'
    await agent.hear(participant(Wanted.STOPPED), 3)
    await look(agent)
    assert await agent.said(KEY) == ["accepted", "starting", "ready", "gone"]
    assert (site.world.seen, site.kits, site.keys_made, site.open) == ({}, set(), {}, {})


async def test_workloads_that_reach_the_hub_by_one_way_alone_go_there_and_need_an_entrance(
    agent: Agent, site: Site
) -> None:
    agent.clients.work.via = ("road", 8443)
    await prepared(agent)
    entrance = ENDPOINT.model_copy(update={"server_name": "s-1-1.flare.example.org"})
    await agent.hear(running(site).model_copy(update={"endpoint": entrance}), 2)
    await look(agent)
    assert site.world.pods[NAME].reaches == (80, 8443)
    await agent.hear(participant(attempt=2), 3)
    await look(agent)
    await agent.hear(running(site, attempt=2), 4)
    await look(agent)
    assert (await agent.workloads.get(KEY)).message.endswith("through an entrance alone, and the hub has none")


async def test_the_same_directive_again_gets_the_same_answer_and_no_new_key(agent: Agent, site: Site) -> None:
    await prepared(agent)
    await agent.hear(participant(), 2)
    await look(agent)
    assert site.secrets == [str(NAME)]
    assert await agent.said(KEY) == ["accepted"]


async def test_what_was_never_here_is_gone_when_it_is_to_stop(agent: Agent) -> None:
    await agent.hear(participant(Wanted.STOPPED), 1)
    await look(agent)
    assert await agent.said(KEY) == ["gone"]


@pytest.mark.parametrize(
    ("parts", "cause", "reason"),
    [
        ({"grant": None}, "policy", "brings no grant"),
        ({"grant": granted(generation=2)}, "policy", "generation 2"),
        ({"grant": granted(spec_id="s-2")}, "policy", "`s-2`"),
        ({"grant": granted(until=NOON)}, "policy", "lapsed"),
        ({"grant": granted(gateway="gw-2")}, "policy", "gw-2"),
        ({"grant": GRANT.model_copy(update={"signatures": ()})}, "signature", "not the policy service's"),
        ({"grant": granted(policies=(signed_policy(policy()),))}, "signature", "not signed"),
        ({"grant": granted(resources=Resources(cpu=5, memory=9000))}, "capacity", "5 cpu needed, 4 free"),
    ],
)
async def test_a_grant_that_does_not_hold_is_refused_with_its_cause(
    agent: Agent, site: Site, parts: dict[str, object], cause: str, reason: str
) -> None:
    await prepared(agent, **parts)
    entry = (await agent.workloads.documents.every())[0].outbox[0]
    assert f'"cause":"{cause}"' in entry["body"]
    assert reason in entry["body"]
    assert (site.secrets, site.world.seen) == ([], {})


async def test_a_model_that_is_not_the_pinned_one_is_refused(agent: Agent, site: Site) -> None:
    site.model_there = False
    await prepared(agent)
    assert await agent.said(KEY) == ["refused"]
    assert '"cause":"image"' in (await agent.workloads.documents.every())[0].outbox[0]["body"]


async def test_a_dataset_that_is_not_mapped_here_is_refused(agent: Agent, site: Site) -> None:
    site.mapped.clear()
    await prepared(agent)
    assert '"cause":"dataset"' in (await agent.workloads.documents.every())[0].outbox[0]["body"]


async def test_objects_that_were_set_aside_are_not_served_with_the_rest(agent: Agent) -> None:
    aside = policy("p2", objects=("secret/",), beneficiaries={"users": ("bob",)})
    documents = (signed_policy(policy(), OWNER), signed_policy(aside, OWNER))
    await prepared(agent, grant=granted(policies=documents))
    body = (await agent.workloads.documents.every())[0].outbox[0]["body"]
    assert "sets `secret/`" in body


async def test_a_full_site_refuses_and_has_room_again_when_another_is_gone(agent: Agent, site: Site) -> None:
    await prepared(agent, grant=granted(resources=Resources(cpu=TOTALS.cpu)))
    other = participant(participant="gw-1-2")
    await agent.hear(other, 2)
    await agent.clients.reconcile(f"{SPEC}/gw-1-2")
    assert await agent.said(f"{SPEC}/gw-1-2") == ["refused"]
    await agent.hear(participant(Wanted.STOPPED), 3)
    await look(agent)
    await agent.hear(participant(participant="gw-1-3"), 4)
    await agent.clients.reconcile(f"{SPEC}/gw-1-3")
    assert await agent.said(f"{SPEC}/gw-1-3") == ["accepted"]


async def test_an_exit_is_the_truth(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.world.ends(NAME, 137)
    site.clock.pass_(1)
    await look(agent)
    said = await agent.workloads.get(KEY)
    assert (said.phase, said.message) == (Phase.FAILED, "the FLARE client ended with exit code 137")
    assert (site.open, site.kits) == ({}, set())


async def test_too_little_memory_is_said_as_such(agent: Agent, site: Site) -> None:
    await ready(agent)
    site.world.ends(NAME, -9, out_of_memory=True)
    site.clock.pass_(1)
    await look(agent)
    assert "more memory" in (await agent.workloads.get(KEY)).message


async def test_a_taken_port_is_tried_again_with_another(agent: Agent, site: Site) -> None:
    await prepared(agent)
    await agent.hear(running(site), 2)
    await agent.clients.reconcile(KEY)
    site.world.ends(NAME, 1)
    site.taken.add(NAME)
    site.clock.pass_(1)
    await agent.clients.reconcile(KEY)
    assert site.world.seen[NAME].life is Life.RUNNING
    assert await phase(agent) is Phase.STARTING


async def test_a_certificate_for_another_key_starts_nothing(agent: Agent, site: Site) -> None:
    await prepared(agent)
    strange = participant(Wanted.RUNNING, endpoint=ENDPOINT, certificate=certified(site.keys_made[NAME], "server"))
    await agent.hear(strange, 2)
    await look(agent)
    assert await phase(agent) is Phase.FAILED
    assert site.world.seen == {}


async def test_a_site_that_lost_its_store_says_so_and_ends_what_it_does_not_know(
    agent: Agent, site: Site, tmp_path: Path
) -> None:
    await ready(agent)
    (tmp_path / "lost").mkdir()
    again = Agent(replace(site, path=tmp_path / "lost"))
    await again.hear(running(site), 2)
    await look(again)
    said = await again.workloads.get(KEY)
    assert (said.phase, site.world.seen) == (Phase.FAILED, {})
    again.close()


async def test_a_later_generation_ends_the_earlier_first(agent: Agent, site: Site) -> None:
    await ready(agent)
    await agent.hear(participant(generation=2, grant=granted(generation=2)), 3)
    await look(agent)
    assert await agent.said(KEY) == ["accepted", "starting", "ready", "gone", "accepted"]
    assert (await agent.workloads.get(KEY)).turn.generation == 2
    assert site.world.seen == {}


async def test_an_earlier_generation_changes_nothing(agent: Agent) -> None:
    await agent.hear(participant(generation=2, grant=granted(generation=2)), 2)
    await look(agent)
    await agent.hear(participant(Wanted.STOPPED, generation=1), 3)
    await look(agent)
    assert await agent.said(KEY) == ["accepted"]


async def test_the_process_ends_though_the_dal_is_away_and_gone_is_said_when_it_is_back(
    agent: Agent, site: Site
) -> None:
    await ready(agent)
    site.dal_up = False
    await agent.hear(participant(Wanted.STOPPED), 3)
    with pytest.raises(UnavailableError, match="DAL is away"):
        await look(agent)
    assert site.world.seen == {}
    assert await phase(agent) is Phase.READY
    site.dal_up = True
    await look(agent)
    assert await phase(agent) is Phase.GONE


@pytest.mark.parametrize("after", range(34))
async def test_a_crash_at_any_effect_is_made_good(site: Site, after: int) -> None:
    """The story of a client, killed once at the `after`-th effect; the next agent goes on where this one died."""
    agent = Agent(site)
    site.fuse.left = after
    for sequence, wanted in enumerate((Wanted.PREPARED, Wanted.RUNNING, Wanted.STOPPED), 1):
        directive = running(site) if wanted is Wanted.RUNNING else participant(wanted)
        if wanted is Wanted.RUNNING:
            site.registered.add(NAME)
        try:
            await agent.hear(directive, sequence)
            await look(agent)
        except Crash:
            agent.close()
            agent = Agent(site)
            await agent.hear(directive, sequence)
            await look(agent)
        await look(agent)
        if wanted is not Wanted.STOPPED:
            assert await phase(agent) is (Phase.READY if wanted is Wanted.RUNNING else Phase.PREPARED)
    assert await agent.said(KEY) == ["accepted", "starting", "ready", "gone"]
    assert (site.world.seen, site.kits, site.keys_made, site.open) == ({}, set(), {}, {})
    assert site.fuse.left == -1, "the fuse did not burn: fewer effects than assumed"
    assert site.most_alive <= 1
    assert len(site.secrets) == 1
    agent.close()
