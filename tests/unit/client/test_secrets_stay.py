"""A token is sent to its portal and shown to nobody else: no `repr`, no log line, no error says it."""

import asyncio
import logging
import traceback
from pathlib import Path

import httpx
import pytest
from client_portal import PORTAL, FakePortal, job, options, problem, spec

from fedpact.client import AsyncFedpact, AsyncOptions, Fedpact, FedpactError, GivenToken, Options, TokenFile
from fedpact.client.oauth import Tokens

TOKEN = "sesame-0123456789"


def everything(portal: FakePortal) -> list[object]:
    fp = Fedpact(PORTAL, TOKEN, options(portal))
    also = AsyncFedpact(PORTAL, TOKEN, AsyncOptions(transport=portal))
    handles = [fp.job("j-1"), fp.spec("s-1"), fp.specs.activated("s-1")]
    nouns = [fp, also, fp.hub, also.hub, fp.specs, fp.jobs, fp.datasets, fp.policies, fp.specs.get]
    return [*nouns, *handles, GivenToken(TOKEN), Tokens(access_token=TOKEN, refresh_token=TOKEN), Options()]


def test_no_repr_says_it() -> None:
    portal = FakePortal().on("GET", "/v1/jobs/j-1", job()).on("GET", "/v1/specs/s-1", spec())
    for value in everything(portal):
        assert TOKEN not in repr(value), type(value)
        assert TOKEN not in str(value), type(value)


@pytest.mark.parametrize(
    "answer", [httpx.Response(401), problem(403, "no", "no: ask"), httpx.Response(200, text="?"), httpx.ReadError("x")]
)
def test_no_error_says_it(answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        pytest.raises(FedpactError) as caught,
        Fedpact(PORTAL, TOKEN, options(FakePortal().on("GET", "/v1/me", answer))) as fp,
    ):
        fp.me()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert TOKEN not in caplog.text


async def test_no_log_line_of_a_real_connection_says_it(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """httpx and httpcore tell a lot at the lowest level."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "token"
    file.write_text(TOKEN)
    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with AsyncFedpact(url, TokenFile(file)) as fp:
            assert (await fp.status()).ready
    assert "/v1/status" in caplog.text
    assert TOKEN not in caplog.text


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    asked = await reader.readuntil(b"\r\n\r\n")
    assert TOKEN.encode() in asked
    body = b'{"ready": true, "checks": {}}'
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()
