"""Ports of this machine, asked of the kernel."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.gateway_agent.domain.errors import LaunchError


@dataclass(frozen=True, slots=True)
class LocalSockets:
    """`allowed` are the ports a firewall lets through; empty leaves the choice to the kernel."""

    allowed: Sequence[int] = ()
    timeout: float = 1.0

    def free_port(self) -> int:
        for port in self.allowed or (0,):
            with socket.socket() as probe:
                # A port in TIME_WAIT is free for a listener, and FLARE's gRPC takes it.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("", port))
                except OSError:
                    continue
                taken: int = probe.getsockname()[1]
                return taken
        raise LaunchError("all ports this agent may use are taken; allow it more of them")

    async def listening(self, host: str, port: int) -> bool:
        try:
            async with asyncio.timeout(self.timeout):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True
