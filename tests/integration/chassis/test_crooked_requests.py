"""What is no HTTP is refused as everything else is, and learns nothing of the server."""

import asyncio
import json

import pytest
from aiohttp import web

from fedpact.chassis.http import make_app, serving

SECRET = "zebra42"


async def read(request: web.Request) -> web.Response:
    return web.json_response({"size": len(await request.read())})


async def asked(port: int, lines: bytes) -> tuple[bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(lines)
    async with asyncio.timeout(10):
        head, _, body = (await reader.read(65536)).partition(b"\r\n\r\n")
    writer.close()
    return head, body


@pytest.mark.parametrize(
    "lines",
    [
        f"G<{SECRET}>T / HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nX: {SECRET * 2000}\r\n\r\n",
        f"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: {SECRET}\r\n\r\n",
        f"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n",
        f"GET /\u00e9{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"{SECRET}\r\n\r\n",
    ],
)
async def test_what_cannot_be_read_is_a_problem_that_repeats_nothing(lines: str) -> None:
    app = make_app(checks={})
    app.router.add_post("/read", read)
    async with serving(app, "127.0.0.1", 0) as port:
        head, body = await asked(port, lines.encode())
    told = json.loads(body)
    assert b"Content-Type: application/problem+json" in head
    assert 400 <= told["status"] < 500
    assert (told["status"], told["type"]) == (int(head[9:12]), f"urn:fedpact:problem:{told['slug']}")
    assert SECRET.encode() not in head + body
    assert b"Server: fedpact\r\n" in head + b"\r\n"


async def test_no_answer_names_what_the_server_is_made_of() -> None:
    async with serving(make_app(checks={}), "127.0.0.1", 0) as port:
        for path in (b"/healthz", b"/nowhere"):
            head, body = await asked(port, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"Server: fedpact\r\n" in head + b"\r\n"
            assert b"aiohttp" not in head + body
