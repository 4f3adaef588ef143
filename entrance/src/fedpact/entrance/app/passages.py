"""
A connection's way through: a place, a name, a route, then bytes both ways.

Nothing is answered before a known name was asked for, and then the server answers, not the entrance: it has no key
and no certificate, so it can neither read what passes nor pretend to be anybody. Who only tries names learns nothing
but that one is not open now.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fedpact.chassis.joining import Line, join
from fedpact.chassis.proxies import Proxy
from fedpact.entrance.app.gauges import Gauges
from fedpact.entrance.app.ports import Address, Routes
from fedpact.entrance.domain.errors import (
    CrowdedError,
    EntranceError,
    NotHelloError,
    SlowError,
    UnknownNameError,
    UnreachableError,
)
from fedpact.entrance.domain.hello import LONGEST_HELLO, UNKNOWN_NAME_ALERT, server_name

PARTS = 64
"""In how many pieces a name may come: each has all before it read again."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of the entrance one may take. Times in seconds."""

    connections: int
    per_peer: int
    hello: float
    connect: float
    idle: float


@dataclass(slots=True, kw_only=True)
class Passages:
    """All connections of this entrance. With `onward` all of them lead there, whomever they ask for."""

    limits: Limits
    gauges: Gauges
    routes: Routes | None = None
    onward: Address | None = None
    proxy: Proxy | None = None
    """On the way onward."""
    _peers: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its last."""
        client = Line(reader, writer)
        try:
            with self._place(str((writer.get_extra_info("peername") or ("unknown",))[0])):
                await self._through(client)
        except EntranceError as refusal:
            self.gauges.refused(refusal.slug)
            # Whoever is unknown may come often and say anything: that is counted, not told.
            level = logging.WARNING if isinstance(refusal, UnreachableError) else logging.DEBUG
            log.log(level, "refused: %s", refusal.reason, extra={"slug": refusal.slug})
            if isinstance(refusal, UnknownNameError):
                writer.write(UNKNOWN_NAME_ALERT)
        except ConnectionError:
            self.gauges.refused("broken_off")
        finally:
            await client.close()

    @contextmanager
    def _place(self, peer: str) -> Iterator[None]:
        if self._peers.total() >= self.limits.connections or self._peers[peer] >= self.limits.per_peer:
            raise CrowdedError(f"too many connections, `{peer}` has {self._peers[peer]} of them")
        self._peers[peer] += 1
        try:
            yield
        finally:
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    async def _through(self, client: Line) -> None:
        server, hello = await self._opened(client)
        with self.gauges.passage():
            try:
                server.writer.write(hello)
                await join(client, server, self.limits.idle)
            finally:
                await server.close()
                self.gauges.passed(inward=client.taken + len(hello), outward=server.taken)

    async def _opened(self, client: Line) -> tuple[Line, bytes]:
        """The other end, and what the client has said to find it."""
        if self.onward:
            return await self._dialed(self.onward, f"{self.onward.host}:{self.onward.port}"), b""
        name, hello = await self._hello(client.reader)
        address = await self.routes.find(name) if self.routes else None
        if address is None:
            raise UnknownNameError(f"no activation is open under `{name}`")
        return await self._dialed(address, f"the server of `{name}`"), hello

    async def _hello(self, reader: asyncio.StreamReader) -> tuple[str, bytes]:
        data = b""
        try:
            async with asyncio.timeout(self.limits.hello):
                for _ in range(PARTS):
                    more = await reader.read(LONGEST_HELLO - len(data))
                    data += more
                    if name := server_name(data):
                        return name, data
                    if not more:
                        raise NotHelloError("the connection ended before its name came")
        except TimeoutError as error:
            raise SlowError(f"no server name within {self.limits.hello:g} s") from error
        raise NotHelloError("the first message of the handshake came in too many parts")

    async def _dialed(self, address: Address, what: str) -> Line:
        try:
            return await (self.proxy or Line).dial(address.host, address.port, self.limits.connect)
        except OSError as error:
            raise UnreachableError(f"{what} does not answer: {error or type(error).__name__}") from error
