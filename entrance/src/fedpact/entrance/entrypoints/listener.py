"""The public port. Whoever comes is handed to `Passages`, nothing is decided here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fedpact.chassis.joining import CHUNK
from fedpact.entrance.app.passages import Passages

BACKLOG = 256


@asynccontextmanager
async def listening(passages: Passages, host: str, port: int) -> AsyncIterator[int]:
    """Let connections in; yields the port."""
    server = await asyncio.start_server(passages.serve, host, port, limit=CHUNK, backlog=BACKLOG)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
