"""A FLARE server and a job on a scripted site, brought to where a test begins."""

from agent_core import Agent, patiently
from agent_directives import CLIENT, JOB_KEY, SERVER_KEY, server


async def look(agent: Agent) -> None:
    await patiently(lambda: agent.servers.reconcile(SERVER_KEY))


async def look_at_job(agent: Agent) -> None:
    await patiently(lambda: agent.jobs.reconcile(JOB_KEY))


async def connected(agent: Agent) -> None:
    await agent.hear(server(), 1)
    agent.site.listening.add(4711)
    agent.site.flare.sites[CLIENT] = agent.site.clock.now()
    await look(agent)


async def finished(agent: Agent) -> None:
    """Until FLARE's script is at its end."""
    for _ in range(4):
        await look_at_job(agent)


async def last(agent: Agent, key: str) -> str:
    found = [*await agent.workloads.documents.every(), *await agent.runs.documents.every()]
    return next(one.outbox[-1]["body"] for one in found if one.key == key)
