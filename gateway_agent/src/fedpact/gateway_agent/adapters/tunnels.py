"""
A port of this machine's loopback that leads to one place outside, through an HTTP proxy.

For what speaks no HTTP itself: the bus. Who connects here is connected there; when the way breaks, so does the
connection, and whoever opened it opens it again.
"""

import asyncio
import logging
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fedpact.chassis.joining import CHUNK, Line, join
from fedpact.chassis.proxies import Proxy
from fedpact.chassis.settings import ServiceSettings

LOOPBACK = "127.0.0.1"
NATS_PORT = 4222
CONNECT_SECONDS = 10.0
IDLE_SECONDS = 120.0
"""Of the bus, whose both ends ask after each other every 15 s."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tunnel:
    """To `host` and `port`. The port of this end is taken at once, so that it can be told before anything runs."""

    proxy: Proxy
    host: str
    port: int
    _listener: socket.socket = field(init=False)
    _server: asyncio.Server | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))

    @classmethod
    def to(cls, url: str, proxy: Proxy) -> "Tunnel":
        """A tunnel to where `url` (of the bus) leads."""
        there = urlsplit(url)
        return cls(proxy, there.hostname or LOOPBACK, there.port or NATS_PORT)

    def near(self, settings: ServiceSettings) -> ServiceSettings:
        """The bus of `settings` as it is found at this end: elsewhere, and still to be who it was."""
        address = f"{urlsplit(settings.nats_url).scheme}://{LOOPBACK}:{self._listener.getsockname()[1]}"
        name = settings.nats_server_name or self.host
        return settings.model_copy(update={"nats_url": address, "nats_server_name": name})

    async def open(self) -> None:
        """Lead through whoever comes from now on."""
        self._server = await asyncio.start_server(self._serve, sock=self._listener, limit=CHUNK)

    async def close(self) -> None:
        """Nobody new comes through."""
        if self._server:
            self._server.close()
        self._listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near = Line(reader, writer)
        try:
            far = await self.proxy.dial(self.host, self.port, CONNECT_SECONDS)
            await join(near, far, IDLE_SECONDS)
            await far.close()
        except OSError as error:
            log.warning("no way to `%s:%d`: %s", self.host, self.port, error or type(error).__name__)
        finally:
            await near.close()
