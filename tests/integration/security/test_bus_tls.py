"""The bus outside one machine: TLS that a client insists on, with the authority of `fedpact ca`."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from federated_bus import FederatedBus, connect, federated_bus
from hub_service import present
from nats.aio.client import Client
from nats.errors import Error
from servers import free_port, missing, until

from fedpact.chassis.bus_login import arguments
from fedpact.infra.ca import CertificateAuthority
from fedpact.infra.nats_config import Tls

pytestmark = pytest.mark.skipif(missing("nats-server") is not None, reason=str(missing("nats-server")))


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FederatedBus]:
    folder = tmp_path_factory.mktemp("bus")
    authority = CertificateAuthority(folder / "ca")
    authority.begin("A hub", present())
    tls = Tls(*authority.issue(["127.0.0.1"], 30, present()))
    with federated_bus(folder / "hub", trusting=True, tls=tls, ca_file=authority.certificate) as found:
        yield found


async def test_who_trusts_the_authority_speaks_to_the_hub(bus: FederatedBus) -> None:
    async with bus.as_("gateway-1") as site:
        await site.client.jetstream().publish("fedpact.evt.main.workloads.gateway.spoke.gateway-1", b"{}")
        assert site.told == []


async def test_without_tls_nobody_comes_in(bus: FederatedBus) -> None:
    with pytest.raises((Error, OSError, TimeoutError)):
        await connect(bus.url, bus.key("gateway-1"), "gateway-1")


async def test_a_hub_of_another_authority_is_not_believed(bus: FederatedBus, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path)
    other.begin("Another", present())
    with pytest.raises((Error, OSError)):
        await connect(bus.url, bus.key("gateway-1"), "gateway-1", ca_file=other.certificate)


async def test_whoever_says_that_there_is_no_tls_learns_nothing(bus: FederatedBus) -> None:
    """Somebody in between answers like a server without TLS: the client says nothing that is not encrypted."""
    heard = bytearray()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"nonce":"abc"}\r\n')
            heard.extend(await reader.read(65536))

    port = free_port()
    server = await asyncio.start_server(between, "127.0.0.1", port)
    try:
        with pytest.raises((Error, OSError, TimeoutError)):
            await connect(f"nats://127.0.0.1:{port}", bus.key("gateway-1"), "gateway-1", ca_file=bus.ca_file)
    finally:
        server.close()
        await server.wait_closed()
    assert heard[:1] == b"\x16", "the first byte of a TLS handshake"
    assert b"CONNECT" not in heard


async def test_a_handshake_that_fails_is_tried_again(bus: FederatedBus) -> None:
    """A hub that is just restarting, or a proxy without a hub behind it, breaks handshakes off."""
    broken, port = 0, free_port()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal broken
        broken += 1
        with contextlib.closing(writer):
            await reader.read(100)

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", bus.machine.ports["nats"])
            with contextlib.closing(far_writer):
                async with asyncio.TaskGroup() as both:
                    both.create_task(_carry(reader, far_writer))
                    both.create_task(_carry(far_reader, writer))

    login = arguments(f"nats://127.0.0.1:{port}", bus.key("gateway-1"), bus.ca_file)
    client, failing = Client(), await asyncio.start_server(between, "127.0.0.1", port)
    connecting = asyncio.create_task(
        client.connect(
            f"nats://127.0.0.1:{port}", **login, max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_ignored
        )
    )
    try:
        await until(_true(lambda: broken >= 2))
        failing.close()
        async with await asyncio.start_server(through, "127.0.0.1", port):
            async with asyncio.timeout(20):
                await connecting
            assert client.is_connected
            await client.close()
    finally:
        connecting.cancel()
        failing.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _ignored(_: Exception) -> None:
    """It is tried again."""


def _true(look: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def looking() -> bool:
        return look()

    return looking
