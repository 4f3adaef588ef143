"""Ports of this machine, none handed out twice before whoever got it had the time to take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fedpact.gateway_agent.adapters.sockets import LocalSockets

RESERVED_SECONDS = 60.0


@dataclass(slots=True)
class ReservedSockets:
    """`allowed` and `drops` are those of `LocalSockets`."""

    ticks: Callable[[], float]
    allowed: Sequence[int] = ()
    drops: float = 0.0
    _given: dict[int, float] = field(default_factory=dict)

    def free_port(self) -> int:
        now = self.ticks()
        self._given = {port: at for port, at in self._given.items() if now - at < RESERVED_SECONDS}
        rest = [port for port in self.allowed if port not in self._given]
        port = LocalSockets(rest or self.allowed).free_port()
        while not self.allowed and port in self._given:
            port = LocalSockets().free_port()
        self._given[port] = now
        return port

    async def listening(self, host: str, port: int) -> bool:
        return await LocalSockets(drops=self.drops).listening(host, port)
