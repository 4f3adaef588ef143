"""Who names an open activation gets through to it, byte by byte; nobody else gets anywhere, and every limit holds."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connect_proxy import ConnectProxy
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from servers import free_port, until

from fedpact.chassis.proxies import Proxy
from fedpact.entrance.adapters.route_folder import RouteFolder
from fedpact.entrance.app.gauges import Gauges
from fedpact.entrance.app.passages import Limits, Passages
from fedpact.entrance.app.ports import Address
from fedpact.entrance.domain.hello import UNKNOWN_NAME_ALERT
from fedpact.entrance.entrypoints.listener import listening
from fedpact.entrance.settings import Settings

ONE, OTHER = "s-1-1.flare.fedpact.internal", "s-2-1.flare.fedpact.internal"
LIMITS = Limits(connections=8, per_peer=8, hello=5, connect=2, idle=30)
LOCAL = "127.0.0.1"


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for `name`, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)  # noqa: TID251 - TLS is real
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return file


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def server_of(folder: Path, name: str) -> AsyncIterator[int]:
    """An activation's server: TLS that ends here and nowhere before."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder, name))
    server = await asyncio.start_server(echo, LOCAL, 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def entrance(folder: Path, limits: Limits = LIMITS) -> AsyncIterator[tuple[int, Gauges]]:
    gauges = Gauges()
    passages = Passages(routes=RouteFolder(folder), limits=limits, gauges=gauges)
    async with listening(passages, LOCAL, 0) as port:
        yield port, gauges


async def connected(folder: Path, port: int, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """As a gateway connects: it believes the certificate of `name` alone."""
    context = ssl.create_default_context(cafile=str(folder / f"{name}.pem"))
    return await asyncio.open_connection(LOCAL, port, ssl=context, server_hostname=name)


def counted(gauges: Gauges, name: str, **labels: str) -> float:
    return gauges.registry.get_sample_value(name, labels) or 0.0


async def test_each_name_leads_to_its_own_server_and_nothing_is_changed_on_the_way(tmp_path: Path) -> None:
    async with (
        server_of(tmp_path, ONE) as one,
        server_of(tmp_path, OTHER) as other,
        entrance(tmp_path) as (port, gauges),
    ):
        (tmp_path / ONE).write_text(f"{LOCAL}:{one}")
        (tmp_path / OTHER).write_text(f"{LOCAL}:{other}\n")
        sent = bytes(range(256)) * 8192
        for name in (ONE, OTHER):
            reader, writer = await connected(tmp_path, port, name)
            writer.write(sent)
            assert await reader.readexactly(len(sent)) == sent
            writer.close()
            await writer.wait_closed()

        async def all_left() -> bool:
            return counted(gauges, "fedpact_entrance_open") == 0

        await until(all_left)
        assert counted(gauges, "fedpact_entrance_passages_total") == 2
        assert counted(gauges, "fedpact_entrance_bytes_total", direction="in") > 2 * len(sent)


async def test_a_name_without_a_route_is_refused_with_the_alert_for_it(tmp_path: Path) -> None:
    certificate(tmp_path, ONE)
    async with entrance(tmp_path) as (port, gauges):
        with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
            await connected(tmp_path, port, ONE)
        assert counted(gauges, "fedpact_entrance_refused_total", reason="unknown_name") == 1
    assert UNKNOWN_NAME_ALERT[-1] == 112


async def test_a_route_that_was_removed_leads_nowhere(tmp_path: Path) -> None:
    async with server_of(tmp_path, ONE) as one, entrance(tmp_path) as (port, _):
        route = tmp_path / ONE
        route.write_text(f"{LOCAL}:{one}")
        _, writer = await connected(tmp_path, port, ONE)
        writer.close()
        route.unlink()
        with pytest.raises(ssl.SSLError):
            await connected(tmp_path, port, ONE)


@pytest.mark.parametrize("content", ["", "nowhere", ":1", "host:", "host:x"])
async def test_a_route_that_says_nothing_leads_nowhere(tmp_path: Path, content: str) -> None:
    (tmp_path / ONE).write_text(content)
    assert await RouteFolder(tmp_path).find(ONE) is None


async def test_a_route_that_cannot_be_read_leads_nowhere_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ONE).mkdir()
    (tmp_path / OTHER).write_bytes(b"\xff\xfe")
    assert [await RouteFolder(tmp_path).find(name) for name in (ONE, OTHER)] == [None, None]
    assert caplog.text.count("cannot be read") == 2


async def test_a_name_that_is_a_path_is_not_looked_up(tmp_path: Path) -> None:
    (tmp_path / "route").write_text("host:1")
    assert await RouteFolder(tmp_path / "routes").find("../route") is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [(b"GET / HTTP/1.1\r\n\r\n", "not_a_hello"), (b"", "not_a_hello"), (b"\x16\x03\x01\x02\x00", "slow_hello")],
)
async def test_whoever_names_no_server_is_hung_up_on(tmp_path: Path, said: bytes, reason: str) -> None:
    async with entrance(tmp_path, replace(LIMITS, hello=0.1)) as (port, gauges):
        reader, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(said)
        if not said:
            writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        assert counted(gauges, "fedpact_entrance_refused_total", reason=reason) == 1


async def test_a_server_that_does_not_answer_is_said_in_the_metrics(tmp_path: Path) -> None:
    certificate(tmp_path, ONE)
    (tmp_path / ONE).write_text(f"{LOCAL}:{free_port()}")
    async with entrance(tmp_path) as (port, gauges):
        with pytest.raises(OSError):  # noqa: PT011 - TLS says an end of file, TCP a reset
            await connected(tmp_path, port, ONE)
        assert counted(gauges, "fedpact_entrance_refused_total", reason="server_unreachable") == 1


async def test_one_address_takes_no_more_than_its_share_and_gives_it_back(tmp_path: Path) -> None:
    async with entrance(tmp_path, replace(LIMITS, per_peer=2)) as (port, gauges):
        held = [await asyncio.open_connection(LOCAL, port) for _ in range(2)]
        reader, writer = await asyncio.open_connection(LOCAL, port)
        assert await reader.read() == b""
        writer.close()
        assert counted(gauges, "fedpact_entrance_refused_total", reason="crowded") == 1
        for _, one in held:
            one.close()

        async def let_in() -> bool:
            reader, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(b"x")
            await reader.read()
            writer.close()
            return counted(gauges, "fedpact_entrance_refused_total", reason="not_a_hello") > 2

        await until(let_in)


async def test_a_connection_over_which_nothing_passes_is_cut(tmp_path: Path) -> None:
    async with server_of(tmp_path, ONE) as one, entrance(tmp_path, replace(LIMITS, idle=0.2)) as (port, gauges):
        (tmp_path / ONE).write_text(f"{LOCAL}:{one}")
        reader, writer = await connected(tmp_path, port, ONE)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        with suppress(OSError):  # TLS says an end of file, TCP a reset
            assert await reader.read() == b""
        writer.close()
        assert counted(gauges, "fedpact_entrance_open") == 0


async def test_with_one_way_onward_everybody_is_led_there_without_a_question(tmp_path: Path) -> None:
    """So does a gateway reach an entrance, or a proxy, from where nothing else is reached."""
    async with server_of(tmp_path, ONE) as server:
        (tmp_path / "routes").mkdir()
        (tmp_path / "routes" / ONE).write_text(f"{LOCAL}:{server}")
        async with entrance(tmp_path / "routes") as (there, _):
            onward = Passages(limits=LIMITS, gauges=Gauges(), onward=Address(host=LOCAL, port=there))
            async with listening(onward, LOCAL, 0) as port:
                reader, writer = await connected(tmp_path, port, ONE)
                writer.write(b"through both")
                assert await reader.readexactly(12) == b"through both"
                writer.close()


async def test_a_proxy_on_the_way_onward_is_asked_for_that_one_place(tmp_path: Path) -> None:
    async with server_of(tmp_path, ONE) as there:
        proxy = ConnectProxy({f"{LOCAL}:{there}"}, "site:secret")
        async with proxy.serving() as way:
            onward = Passages(
                limits=LIMITS,
                gauges=Gauges(),
                onward=Address(host=LOCAL, port=there),
                proxy=Proxy(host=LOCAL, port=way, login="site:secret"),
            )
            async with listening(onward, LOCAL, 0) as port:
                reader, writer = await connected(tmp_path, port, ONE)
                writer.write(b"through both")
                assert await reader.readexactly(12) == b"through both"
                writer.close()
            assert proxy.opened == [f"{LOCAL}:{there}"]


async def test_a_proxy_that_opens_no_way_is_said_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate(tmp_path, ONE)
    async with ConnectProxy(set(), "site:secret").serving() as way:
        gauges = Gauges()
        proxy = Proxy(host=LOCAL, port=way, login="site:wrong")
        onward = Passages(limits=LIMITS, gauges=gauges, onward=Address(host="hub", port=8443), proxy=proxy)
        async with listening(onward, LOCAL, 0) as port:
            with pytest.raises(OSError):  # noqa: PT011 - TLS says an end of file, TCP a reset
                await connected(tmp_path, port, ONE)
        assert counted(gauges, "fedpact_entrance_refused_total", reason="server_unreachable") == 1
    assert "answers 407: let it open this way; give it a login in a file" in caplog.text
    assert "wrong" not in caplog.text


@pytest.mark.parametrize(
    "asked",
    [{}, {"routes": "/routes", "proxy": "proxy:3128"}, {"routes": "/routes", "onward": "hub:8443"}, {"onward": "hub"}],
)
def test_an_entrance_leads_by_name_or_to_one_place(asked: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"either routes or onward|an address is `host:port`|without one"):
        Settings(**asked)
    assert Settings(onward="hub:8443").onward == ("hub", 8443)
