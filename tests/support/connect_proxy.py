"""
An HTTP proxy that knows CONNECT alone, as hospitals have one: `python connect_proxy.py HOST PORT LOGIN [ALLOWED ...]`.

`allowed` are the places it opens a way to, as `host:port`; a `login` is asked for when given.
"""

import asyncio
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fedpact.chassis.joining import Line, join

IDLE = 600.0


@dataclass
class ConnectProxy:
    allowed: Collection[str]
    login: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """Host -> address, of those that only the proxy knows."""
    opened: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, host, port)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Line(reader, writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target = head.split(" ")[1]
            status = self._status(head, target)
            (self.refused if status else self.opened).append(target)
            if status:
                writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
                return
            host, _, port = target.rpartition(":")
            server = await Line.dial(self.names.get(host, host), int(port), 10.0)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join(client, server, IDLE)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            await client.close()

    def _status(self, head: str, target: str) -> str:
        if not head.startswith("CONNECT "):
            return "405 Method Not Allowed"
        if self.login and f"Basic {b64encode(self.login.encode()).decode()}\r\n" not in head:
            return "407 Proxy Authentication Required"
        return "" if target in self.allowed else "403 Forbidden"


async def main(host: str, port: str, login: str, *allowed: str) -> None:
    async with ConnectProxy(allowed, login).serving(host, int(port)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
