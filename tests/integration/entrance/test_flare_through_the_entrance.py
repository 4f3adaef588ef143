"""FLARE itself goes through: clients that know nothing but a proxy, the entrance behind it and their server's name."""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from agent_values import until
from connect_proxy import ConnectProxy
from flare_activation import Activation, ended
from servers import BIN, Server, free_port

from fedpact.chassis.proxies import Proxy
from fedpact.entrance.adapters.route_folder import RouteFolder
from fedpact.entrance.app.gauges import Gauges
from fedpact.entrance.app.passages import Limits, Passages
from fedpact.entrance.entrypoints.listener import listening
from fedpact.gateway_agent.adapters.roads import EntranceRoads
from fedpact.gateway_agent.domain.engine import is_final
from fedpact.gateway_agent.domain.kits import Joint
from fedpact.gateway_agent.domain.pods import place_of

LIMITS = Limits(connections=64, per_peer=64, hello=5, connect=5, idle=120)
LOGIN = "site:pass:word"
EARLY = ("server_unreachable", "not_a_hello", "slow_hello")
"""Why one is not let through who came before the server listened, or was stopped or held up before its first word."""
NEVER = ("unknown_name", "no_server_name", "crowded")


@dataclass
class Behind(Activation):
    """An activation whose clients come from outside."""

    roads: EntranceRoads | None = None
    proxy: str = ""

    def named(self, joint: Joint) -> Joint:
        assert self.roads is not None
        return self.roads.named(joint)

    def consoles(self) -> str:
        """What the clients have said so far."""
        return "".join(place_of(self.files, name).log.read_text() for name in self.clients)

    def outside(self, joint: Joint) -> Joint:
        assert self.roads is not None
        return replace(self.roads.outside(joint), proxy=self.proxy)


@pytest.mark.timeout(90)
async def test_a_job_runs_between_sites_that_reach_the_hub_by_one_port_through_a_proxy(tmp_path: Path) -> None:
    routes, gauges = tmp_path / "routes", Gauges()
    passages = Passages(routes=RouteFolder(routes), limits=LIMITS, gauges=gauges)
    async with listening(passages, "127.0.0.1", 0) as port:
        proxy = ConnectProxy({f"localhost:{port}"}, LOGIN)
        async with proxy.serving() as way:
            roads = EntranceRoads(host="localhost", port=port, domain="hub.example.org", folder=routes)
            activation = Behind(tmp_path, roads=roads, proxy=Proxy(host="127.0.0.1", port=way, login=LOGIN).url)
            await activation.build()
            await roads.open(activation.joint)
            try:
                session = await activation.start()
                job = await session.submit(activation.job("one"), "token-1")
                assert (await ended(session, job)).status == "FINISHED:COMPLETED"
                assert passed(gauges) >= 4, "both clients and both of their job processes came this way"
                await until(partial(told_of_all, gauges, proxy))
            finally:
                await activation.stop()
            await roads.close(activation.joint.project)
    assert refused(gauges, *NEVER) == 0
    assert not proxy.refused
    assert not list(routes.iterdir())


def passed(gauges: Gauges) -> float:
    return gauges.registry.get_sample_value("fedpact_entrance_passages_total") or 0


def refused(gauges: Gauges, *reasons: str) -> float:
    value = gauges.registry.get_sample_value
    return sum(value("fedpact_entrance_refused_total", {"reason": one}) or 0 for one in reasons)


async def told_of_all(gauges: Gauges, proxy: ConnectProxy) -> bool:
    """Whether everybody who came by the proxy is counted; who has just come is not yet."""
    return passed(gauges) + refused(gauges, *EARLY) == len(proxy.opened)


def program(folder: Path, port: int) -> Server:
    """The entrance as a process of its own."""
    health = free_port()
    given = {"ROUTES": folder, "PUBLIC_PORT": port, "PORT": health}
    words = [f"FEDPACT_ENTRANCE_{name}={value}" for name, value in given.items()]
    return Server(["env", *words, str(BIN / "fedpact-entrance")], health, folder.parent / "entrance.log")


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_job_goes_on_after_the_entrance_was_killed_and_came_back(tmp_path: Path) -> None:
    port, routes = free_port(), tmp_path / "routes"
    routes.mkdir()
    roads = EntranceRoads(host="localhost", port=port, domain="hub.example.org", folder=routes)
    activation = Behind(tmp_path, roads=roads)
    await activation.build()
    await roads.open(activation.joint)
    entrance = program(routes, port)
    entrance.start()
    try:
        session = await activation.start()
        job = await session.submit(activation.job("one", sleep=10), "token-1")

        async def trains() -> bool:
            return "invoking task executor" in activation.consoles()

        await until(trains, 60)
        entrance.kill()
        entrance.start()
        killed = time.monotonic()

        async def over() -> bool:
            return is_final((await session.job(job)).status)

        await until(over, 200)
        assert (await session.job(job)).status == "FINISHED:COMPLETED"
        print(f"completed {time.monotonic() - killed:.0f} s after the entrance was killed")
    finally:
        await activation.stop()
        entrance.kill()
