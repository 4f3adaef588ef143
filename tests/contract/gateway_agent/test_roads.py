"""What the orchestrator's agent writes is what the entrance reads; a tunnel leads to the hub and nowhere else."""

import asyncio
from pathlib import Path

import pytest
from connect_proxy import ConnectProxy

from fedpact.chassis.proxies import Proxy
from fedpact.chassis.settings import ServiceSettings
from fedpact.entrance.adapters.route_folder import RouteFolder
from fedpact.entrance.app.ports import Address
from fedpact.gateway_agent.adapters.roads import DirectRoads, EntranceRoads
from fedpact.gateway_agent.adapters.tunnels import Tunnel
from fedpact.gateway_agent.domain.kits import Joint

INSIDE = Joint(project="s-1-1", host="fedpact-server-1", port=4711)
NAME = "s-1-1.flare.example.org"
LOCAL = "127.0.0.1"


def entrance(folder: Path) -> EntranceRoads:
    return EntranceRoads(host="hub.example.org", port=8443, domain="example.org", folder=folder)


async def test_an_opened_road_leads_to_the_server_until_it_is_closed(tmp_path: Path) -> None:
    roads, routes = entrance(tmp_path / "routes"), RouteFolder(tmp_path / "routes")
    assert await routes.find(NAME) is None
    await roads.open(roads.named(INSIDE))
    assert await routes.find(NAME) == Address(host="fedpact-server-1", port=4711)
    await roads.close("s-1-1")
    assert await routes.find(NAME) is None
    await roads.close("s-1-1")


async def test_a_server_that_moved_is_found_where_it_is_now(tmp_path: Path) -> None:
    roads = entrance(tmp_path)
    for host in ("one", "two"):
        await roads.open(roads.named(Joint(project="s-1-1", host=host, port=1)))
    assert await RouteFolder(tmp_path).find(NAME) == Address(host="two", port=1)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]  # noqa: ASYNC240 - of a test


async def test_gateways_are_told_the_entrance_and_the_servers_own_name(tmp_path: Path) -> None:
    outside = entrance(tmp_path).outside(entrance(tmp_path).named(INSIDE))
    assert (outside.host, outside.port, outside.name) == ("hub.example.org", 8443, NAME)


async def test_without_an_entrance_a_server_is_reached_where_it_is(tmp_path: Path) -> None:
    roads = DirectRoads()
    assert roads.outside(roads.named(INSIDE)) == INSIDE


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"INFO")
    writer.close()


async def through(bus: ServiceSettings) -> bytes:
    reader, writer = await asyncio.open_connection(LOCAL, int(bus.nats_url.rpartition(":")[2]))
    try:
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("login", ["", "site:secret"])
async def test_a_tunnel_leads_to_the_bus_through_the_proxy(login: str) -> None:
    server = await asyncio.start_server(greet, LOCAL, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        proxy = ConnectProxy({f"localhost:{port}"}, login)
        async with proxy.serving() as way:
            given = ServiceSettings(nats_url=f"tls://localhost:{port}")
            tunnel = Tunnel.to(given.nats_url, Proxy(host=LOCAL, port=way, login=login))
            bus = tunnel.near(given)
            await tunnel.open()
            assert await through(bus) == b"INFO"
            await tunnel.close()
    assert bus.nats_url.startswith("tls://127.0.0.1:")
    assert bus.nats_server_name == "localhost", "the certificate is still the hub's"
    assert proxy.opened == [f"localhost:{port}"]


async def test_a_tunnel_without_a_way_hangs_up_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    async with ConnectProxy(set(), "site:secret").serving() as way:
        given = ServiceSettings(nats_url="nats://hub.example.org:4222")
        tunnel = Tunnel.to(given.nats_url, Proxy(host=LOCAL, port=way, login="site:wrong"))
        await tunnel.open()
        assert await through(tunnel.near(given)) == b""
        await tunnel.close()
    assert "no way to `hub.example.org:4222`" in caplog.text
    assert "answers 407" in caplog.text
    assert "wrong" not in caplog.text
