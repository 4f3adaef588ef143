"""Ports of this machine that are free."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.gateway_agent.domain.errors import LaunchError

BELOW_EPHEMERAL = range(22_000, 32_000)
"""Ports that kernels do not take for outgoing connections: such a one could be gone before whoever got it listens."""
TRIES = 100


@dataclass(frozen=True, slots=True)
class LocalSockets:
    """
    `allowed` are the ports a firewall lets through; empty is any of `BELOW_EPHEMERAL`.

    Where a relay accepts in a server's place, `drops` are the seconds within which it drops whom it cannot lead on.
    """

    allowed: Sequence[int] = ()
    drops: float = 0.0
    timeout: float = 1.0

    def free_port(self) -> int:
        for port in self.allowed or secrets.SystemRandom().sample(BELOW_EPHEMERAL, TRIES):
            with socket.socket() as probe:
                # A port in TIME_WAIT is free for a listener, and FLARE's gRPC takes it.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("", port))
                except OSError:
                    continue
                return port
        raise LaunchError("all ports this agent may use are taken; allow it more of them")

    async def listening(self, host: str, port: int) -> bool:
        try:
            async with asyncio.timeout(self.timeout):
                reader, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            return False
        try:
            return not self.drops or await _kept(reader, self.drops)
        finally:
            writer.close()


async def _kept(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the other side is still there after so long; a server may well wait for us to speak first."""
    try:
        async with asyncio.timeout(seconds):
            return bool(await reader.read(1))
    except TimeoutError:
        return True
    except OSError:
        return False
