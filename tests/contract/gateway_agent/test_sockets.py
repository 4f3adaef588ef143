"""Ports of this machine."""

import asyncio
import socket

import pytest

from fedpact.gateway_agent.adapters.sockets import LocalSockets
from fedpact.gateway_agent.domain.errors import LaunchError


async def test_a_free_port_is_free_and_then_listened_on() -> None:
    sockets = LocalSockets()
    port = sockets.free_port()
    assert not await sockets.listening("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        assert await sockets.listening("127.0.0.1", port)


async def test_what_a_relay_accepts_and_drops_is_not_listened_on() -> None:
    def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(drop, "127.0.0.1") as relay:
        port = relay.sockets[0].getsockname()[1]
        assert await LocalSockets().listening("127.0.0.1", port)
        assert not await LocalSockets(drops=5.0).listening("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        assert await LocalSockets(drops=0.1).listening("127.0.0.1", port)


async def test_of_the_allowed_ports_a_free_one_is_taken() -> None:
    free = LocalSockets().free_port()
    with socket.create_server(("127.0.0.1", 0)) as busy:
        taken = busy.getsockname()[1]
        assert LocalSockets(allowed=(taken, free)).free_port() == free
        with pytest.raises(LaunchError, match="all ports"):
            LocalSockets(allowed=(taken,)).free_port()
