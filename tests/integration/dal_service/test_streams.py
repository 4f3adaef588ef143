"""Responses that run end when the right to them ends, and never cleanly."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

A, ZIP = "ds-a_gw-1_org-1", "scan_gw-1_org-1"
ACTIVATION = "s-1-1-gw-1-1"
BIG = 64 * 2**20
PATIENCE = 10.0


@dataclass(slots=True)
class Download:
    """A client that has read its header and `read` bytes."""

    reader: asyncio.StreamReader
    read: int = 0

    async def half(self) -> None:
        while self.read < BIG // 2:
            chunk = await self.reader.read(2**16)
            assert chunk, "it ended too early"
            self.read += len(chunk)

    async def rest(self) -> bool:
        """Read on; whether all came."""
        with contextlib.suppress(ConnectionError):
            while chunk := await self.reader.read(2**18):
                self.read += len(chunk)
        return self.read == BIG


@asynccontextmanager
async def download(dal, target: str = f"/datasets/{A}/big.bin") -> AsyncIterator[Download]:
    reader, writer = await asyncio.open_connection("127.0.0.1", dal.port, limit=2**16)
    try:
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: dal\r\nAuthorization: Bearer {dal.token()}\r\nConnection: close\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head
        assert f"content-length: {BIG}".encode() in head.lower()
        yield Download(reader)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def ended(dal) -> None:
    """The DAL has let go of every stream."""

    async def let_go() -> bool:
        return not await dal.streams()

    await dal.until(let_go, PATIENCE)


async def _revoke(dal) -> None:
    await dal.tell("DELETE", f"/activations/{ACTIVATION}")


async def _lapse(dal) -> None:
    dal.clock.pass_(601)


async def _shorten(dal) -> None:
    body = {"valid_until": (dal.clock.now() - timedelta(seconds=1)).isoformat()}
    await dal.tell("POST", f"/activations/{ACTIVATION}/extend", body)


async def _narrow(dal) -> None:
    await dal.open(datasets={A: ["in/"]})


async def _unmap(dal) -> None:
    await dal.tell("DELETE", f"/datasets/{A}")


async def _move(dal) -> None:
    await dal.tell("PUT", f"/datasets/{A}", {"path": f"{dal.root}/ds-a/in/"})


@pytest.mark.parametrize("end", [_revoke, _lapse, _shorten, _narrow, _unmap, _move], ids=lambda f: f.__name__[1:])
async def test_a_stream_is_cut_in_the_middle_when_the_right_ends(dal, end) -> None:
    async with download(dal) as running:
        await running.half()
        await end(dal)
        await ended(dal)
        assert await asyncio.wait_for(running.rest(), PATIENCE) is False
        assert BIG // 2 <= running.read < BIG


async def test_a_stream_whose_reader_pauses_is_cut_as_well(dal) -> None:
    async with download(dal) as running:
        await _revoke(dal)
        assert await asyncio.wait_for(running.rest(), PATIENCE) is False


async def test_what_does_not_end_the_right_does_not_cut(dal) -> None:
    async with download(dal) as running:
        await running.half()
        await dal.open("s-2-1-gw-1-1")
        await dal.tell("DELETE", "/activations/s-2-1-gw-1-1")
        await dal.tell("DELETE", f"/datasets/{ZIP}")
        dal.clock.pass_(599)
        assert await running.rest() is True


async def test_a_client_that_leaves_leaves_nothing_behind(dal) -> None:
    for _ in range(5):
        async with download(dal) as running:
            await running.reader.read(1000)
    await ended(dal)
    assert (await dal.get(f"/datasets/{A}/one.csv")).status == 200


@pytest.mark.parametrize("stall", [1.0])
async def test_a_reader_that_takes_nothing_is_cut_after_the_stall_timeout(dal) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", dal.port))
        head = f"GET /datasets/{A}/big.bin HTTP/1.1\r\nHost: dal\r\nAuthorization: Bearer {dal.token()}\r\n\r\n"
        client.sendall(head.encode())

        seen = await asyncio.to_thread(client.recv, 1024, socket.MSG_PEEK)
        assert seen.startswith(b"HTTP/1.1 200")
        await ended(dal)


async def test_one_token_cannot_take_all_there_is(dal) -> None:
    async with contextlib.AsyncExitStack() as running:
        for _ in range(8):
            await running.enter_async_context(download(dal))
        answer = await dal.get(f"/datasets/{A}/one.csv")
        assert (answer.status, json.loads(answer.body)["slug"]) == (429, "busy")
        assert (await dal.get(f"/datasets/{A}/one.csv", token=dal.token(jti="another"))).status == 200
    await ended(dal)
    assert (await dal.get(f"/datasets/{A}/one.csv")).status == 200


async def test_a_file_that_shrinks_while_it_is_sent_never_ends_cleanly(dal) -> None:
    async with download(dal) as running:
        os.truncate(dal.root / "ds-a" / "big.bin", BIG // 2)
        assert await asyncio.wait_for(running.rest(), 5) is False


async def test_a_file_that_is_replaced_while_it_is_sent_comes_as_it_was_opened(dal) -> None:
    async with download(dal) as running:
        (dal.root / "ds-a" / "new").write_bytes(b"new")
        (dal.root / "ds-a" / "new").rename(dal.root / "ds-a" / "big.bin")
        assert await running.rest() is True
    assert (await dal.get(f"/datasets/{A}/big.bin")).body == b"new"
