"""A client on a scripted site, brought to where a test begins."""

from agent_core import Agent, patiently
from agent_directives import CLIENT, ENDPOINT, KEY, SPEC, certified, participant
from agent_site import Site

from fedpact.contracts.directives import ParticipantDirective, Wanted
from fedpact.contracts.workloads import Phase
from fedpact.gateway_agent.domain.pods import PodName

NAME = PodName(spec_id=SPEC, generation=1, participant=CLIENT)


def running(site: Site, **parts: object) -> ParticipantDirective:
    certificate = certified(site.keys_made[NAME])
    return participant(Wanted.RUNNING, endpoint=ENDPOINT, certificate=certificate, **parts)


async def look(agent: Agent) -> None:
    await patiently(lambda: agent.clients.reconcile(KEY))


async def prepared(agent: Agent, **parts: object) -> None:
    await agent.hear(participant(**parts), 1)
    await look(agent)


async def ready(agent: Agent) -> None:
    await prepared(agent)
    await agent.hear(running(agent.site), 2)
    agent.site.registered.add(NAME)
    await look(agent)


async def phase(agent: Agent) -> Phase:
    return (await agent.workloads.get(KEY)).phase
