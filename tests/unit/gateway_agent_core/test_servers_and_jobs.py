"""The orchestrator's part of an activation on scripted ports: server, sites, jobs; and through a crash at every effect."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_core import Agent, patiently
from agent_directives import CLIENT, JOB_KEY, SERVER_KEY, SPEC, job, server
from agent_jobs import connected, finished, last, look, look_at_job
from agent_site import Crash, Site

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.directives import Wanted
from fedpact.contracts.workloads import JobObserved, Phase
from fedpact.gateway_agent.adapters.roads import EntranceRoads
from fedpact.gateway_agent.app.doors import Round
from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.pods import PodName

NAME = PodName(spec_id=SPEC, generation=1, participant="server")
DONE = ["starting", "ready", "ready", "connected", "gone"]
"""Of the words, the first `ready` is `ServerReady`."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def agent(site: Site) -> Iterator[Agent]:
    one = Agent(site)
    yield one
    one.close()


async def with_activation(agent: Agent) -> list[bool]:
    """Whether each word on the job says that its activation took it along."""
    found = [one for one in await agent.runs.documents.every() if one.key == JOB_KEY]
    return [JobObserved.model_validate_json(entry["body"]).with_activation for entry in found[0].outbox]


async def test_a_server_listens_and_is_connected_and_ends(agent: Agent, site: Site) -> None:
    await connected(agent)
    assert NAME in site.sealed
    await agent.hear(server(Wanted.STOPPED), 2)
    await look(agent)
    assert await agent.said(SERVER_KEY) == DONE
    assert (site.world.seen, site.kits, site.roots) == ({}, set(), {})


async def test_behind_an_entrance_gateways_are_told_its_address_and_a_route_lives_as_long_as_the_server(
    agent: Agent, tmp_path: Path
) -> None:
    routes = tmp_path / "routes"
    agent.servers.work.roads = EntranceRoads(host="hub.example.org", port=8443, domain="example.org", folder=routes)
    await connected(agent)
    ready = (await agent.workloads.get(SERVER_KEY)).ready
    assert ready is not None
    name = f"{SPEC}-1.flare.example.org"
    assert (ready.host, ready.port, ready.server_name) == ("hub.example.org", 8443, name)
    assert (routes / name).read_text() == "localhost:4711"
    await agent.hear(server(Wanted.STOPPED), 2)
    await look(agent)
    assert not list(routes.iterdir())


async def test_certificates_are_in_the_names_the_hub_expects(agent: Agent) -> None:
    await connected(agent)
    ready = (await agent.workloads.get(SERVER_KEY)).ready
    assert ready is not None
    assert ready.certificates == {CLIENT: f"{CLIENT} signed by root of {NAME}"}


async def test_another_port_is_taken_when_one_is_held(agent: Agent, site: Site) -> None:
    await agent.hear(server(), 1)
    await agent.servers.reconcile(SERVER_KEY)
    site.world.ends(NAME, 1)
    site.taken.add(NAME)
    site.clock.pass_(1)
    await agent.servers.reconcile(SERVER_KEY)
    assert agent.activations.of(NAME).launched.launches == 2
    assert (await agent.workloads.get(SERVER_KEY)).phase is Phase.STARTING


async def test_a_server_that_never_listens_fails(agent: Agent, site: Site) -> None:
    await agent.hear(server(), 1)
    await agent.servers.reconcile(SERVER_KEY)
    site.clock.pass_(61)
    await look(agent)
    assert "did not begin to listen" in (await agent.workloads.get(SERVER_KEY)).message


async def test_an_exit_of_the_server_is_the_truth(agent: Agent, site: Site) -> None:
    await connected(agent)
    site.world.ends(NAME, -9)
    site.clock.pass_(1)
    await look(agent)
    assert (await agent.workloads.get(SERVER_KEY)).message == "the FLARE server was ended by signal 9"


async def test_sites_that_do_not_come_fail_the_activation_by_name(agent: Agent, site: Site) -> None:
    await agent.hear(server(), 1)
    site.listening.add(4711)
    await look(agent)
    site.clock.pass_(181)
    await look(agent)
    assert (await agent.workloads.get(SERVER_KEY)).message == f"not connected in time: `{CLIENT}`"


async def test_a_site_that_falls_silent_fails_the_activation(agent: Agent, site: Site) -> None:
    await connected(agent)
    site.clock.pass_(181)
    await look(agent)
    assert "not connected to the FLARE server any more" in (await agent.workloads.get(SERVER_KEY)).message


async def test_a_server_that_does_not_answer_fails_after_a_while(agent: Agent, site: Site) -> None:
    await connected(agent)
    site.flare.up = False
    await agent.servers.reconcile(SERVER_KEY)
    assert (await agent.workloads.get(SERVER_KEY)).phase is Phase.READY
    site.clock.pass_(61)
    await agent.servers.reconcile(SERVER_KEY)
    assert (await agent.workloads.get(SERVER_KEY)).message == "the FLARE server does not answer any more"


async def test_after_a_restart_the_session_is_opened_again_and_nothing_is_said_twice(agent: Agent, site: Site) -> None:
    await connected(agent)
    again = Agent(site)
    await look(again)
    assert again.federation.opened
    assert await again.said(SERVER_KEY) == DONE[:-1]
    again.close()


async def test_a_job_is_rendered_submitted_and_its_results_stored_before_its_last_word(
    agent: Agent, site: Site
) -> None:
    await connected(agent)
    site.rounds = [Round(number=1, metrics={"loss": 0.5})]
    site.last_rounds = [Round(number=2, metrics={"loss": 0.25})]
    await agent.hear(job(), 2)
    await finished(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "completed"]
    assert site.stored == ["j-1"]
    assert [one.metrics for one in site.told] == [{"loss": 0.5}, {"loss": 0.25}]
    assert site.parcels == {}


@pytest.mark.parametrize(
    ("payload", "refusal", "reason"),
    [({"bad": True}, "", "`bad`: `bad` is set"), ({}, "no study `x`", "no study `x`")],
)
async def test_a_job_that_is_refused_fails_with_the_reason(
    agent: Agent, site: Site, payload: dict[str, object], refusal: str, reason: str
) -> None:
    await connected(agent)
    site.flare.refusal = refusal
    await agent.hear(job(payload=payload), 2)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["failed"]
    assert reason in await last(agent, JOB_KEY)


async def test_a_job_of_a_model_that_is_not_here_fails(agent: Agent, site: Site) -> None:
    await connected(agent)
    site.model_there = False
    await agent.hear(job(), 2)
    await look_at_job(agent)
    assert "is not here" in await last(agent, JOB_KEY)


async def test_a_job_that_fails_says_why_and_its_results_are_kept(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.RUNNING, Status.EXECUTION_EXCEPTION)
    site.flare.reason = "the job raised an error; see its log"
    await connected(agent)
    await agent.hear(job(), 2)
    await finished(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "failed"]
    assert site.stored == ["j-1"]
    assert "raised an error" in await last(agent, JOB_KEY)


async def test_a_site_that_says_nothing_to_a_job_may_be_gone_so_the_job_fails_only_when_no_such_news_comes(
    agent: Agent, site: Site
) -> None:
    site.flare.course = (Status.FAILED_TO_RUN,)
    site.flare.reason = "gateway-1-1: no reply (deployment timeout)"
    await connected(agent)
    await agent.hear(job(), 2)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted"]
    site.clock.pass_(31)
    await finished(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "failed"]
    assert "no reply" in await last(agent, JOB_KEY)


async def test_a_job_that_is_no_longer_wanted_is_aborted(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.RUNNING,)
    await connected(agent)
    await agent.hear(job(), 2)
    await look_at_job(agent)
    await agent.hear(job(Wanted.STOPPED), 3)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "cancelled"]
    assert site.flare.ended == {"engine-j-1": Status.ABORTED}


async def test_a_job_that_its_activation_takes_along_says_so(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.RUNNING,)
    await connected(agent)
    await agent.hear(job(), 2)
    await look_at_job(agent)
    await agent.hear(server(Wanted.STOPPED), 3)
    await agent.hear(job(Wanted.STOPPED), 4)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "cancelled"]
    assert await with_activation(agent) == [False, False, True]


async def test_a_job_that_somebody_cancelled_does_not(agent: Agent) -> None:
    await agent.hear(job(Wanted.STOPPED), 1)
    await look_at_job(agent)
    assert await with_activation(agent) == [False]


async def test_a_job_that_was_never_begun_is_cancelled(agent: Agent) -> None:
    await agent.hear(job(Wanted.STOPPED), 1)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["cancelled"]


async def test_results_that_cannot_be_stored_in_time_are_said_to_be_lost(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.COMPLETED,)
    site.jobs_up = False
    await connected(agent)
    await agent.hear(job(), 2)
    with pytest.raises(UnavailableError):
        await look_at_job(agent)
    site.clock.pass_(301)
    await look_at_job(agent)
    assert '"results_lost":true' in await last(agent, JOB_KEY)
    assert await agent.said(JOB_KEY) == ["submitted", "completed"]


async def test_results_survive_the_end_of_the_activation(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.COMPLETED,)
    site.jobs_up = False
    await connected(agent)
    await agent.hear(job(), 2)
    with pytest.raises(UnavailableError):
        await look_at_job(agent)
    await agent.hear(server(Wanted.STOPPED), 3)
    site.clock.pass_(1)
    await look(agent)
    site.clock.pass_(13)
    await look(agent)
    assert (await agent.said(SERVER_KEY))[-1] == "gone"
    site.jobs_up = True
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "completed"]


async def test_a_server_that_is_to_stop_waits_for_its_jobs_last_words(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.RUNNING,)
    await connected(agent)
    await agent.hear(job(), 2)
    await look_at_job(agent)
    await agent.hear(server(Wanted.STOPPED), 3)
    assert await agent.servers.reconcile(SERVER_KEY) is not None
    await agent.hear(job(Wanted.STOPPED), 4)
    site.clock.pass_(10)
    assert await agent.servers.reconcile(SERVER_KEY) is not None
    assert (await agent.workloads.get(SERVER_KEY)).phase is Phase.READY
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "cancelled"]
    await look(agent)
    assert (await agent.workloads.get(SERVER_KEY)).phase is Phase.GONE


async def test_a_job_whose_activation_is_set_up_anew_says_no_last_word_and_runs_again(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.RUNNING,)
    await connected(agent)
    await agent.hear(job(), 2)
    await look_at_job(agent)
    await agent.hear(server(Wanted.STOPPED), 3)
    await look_at_job(agent)
    await look(agent)
    site.clock.pass_(2)  # nobody stops the job, so the server does not wait for it
    await look(agent)
    assert (await agent.workloads.get(SERVER_KEY)).phase is Phase.GONE
    await agent.hear(job(attempt=2), 4)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running"]
    await agent.hear(server(attempt=2), 5)
    await look(agent)
    site.flare.steps.clear()  # it is another server
    site.flare.course, site.flare.sites[CLIENT] = (Status.RUNNING, Status.COMPLETED), site.clock.now()
    await look(agent)
    await look_at_job(agent)
    assert await agent.said(JOB_KEY) == ["submitted", "running", "submitted", "running", "completed"]
    assert {run.attempt for run in [await agent.runs.get(JOB_KEY)]} == {2}


async def test_a_job_that_says_running_and_does_not_run_is_lost(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.RUNNING,)
    await connected(agent)
    await agent.hear(job(), 2)
    await look_at_job(agent)
    site.flare.steps.clear()
    site.flare.steps["engine-j-2"] = 0
    for _ in range(3):
        site.clock.pass_(59)
        site.flare.sites[CLIENT] = site.clock.now()
        await look(agent)
    await look_at_job(agent)
    assert "lost" in await last(agent, JOB_KEY)


async def test_a_job_may_be_called_as_a_participant_is(agent: Agent, site: Site) -> None:
    site.flare.course = (Status.COMPLETED,)
    await connected(agent)
    await agent.hear(job(job_id=CLIENT), 2)
    await patiently(lambda: agent.jobs.reconcile(f"{SPEC}/{CLIENT}"))
    assert await agent.said(f"{SPEC}/{CLIENT}") == ["submitted", "completed"]


@pytest.mark.parametrize("after", range(42))
async def test_a_crash_at_any_effect_is_made_good(site: Site, after: int) -> None:
    """Server up, one job, server down; killed once at the `after`-th effect."""
    site.flare.course = (Status.RUNNING, Status.COMPLETED)
    agent, site.fuse.left = Agent(site), after
    story = [(server(), look), (job(), look_at_job), (server(Wanted.STOPPED), look)]
    for sequence, (directive, see) in enumerate(story, 1):
        site.listening.add(4711)
        site.flare.sites[CLIENT] = site.clock.now()
        for _ in range(3):
            try:
                await agent.hear(directive, sequence)
                await see(agent)
            except Crash:
                agent.close()
                agent = Agent(site)
    words = await agent.said(SERVER_KEY)
    assert words[0] == "starting"
    assert words[-1] == "gone"
    assert words.count("connected") == 1
    assert [word for word in await agent.said(JOB_KEY) if word != "running"] == ["submitted", "completed"]
    assert (site.world.seen, site.kits, site.parcels) == ({}, set(), {})
    assert site.fuse.left == -1, "the fuse did not burn: fewer effects than assumed"
    assert site.most_alive <= 1
    agent.close()
