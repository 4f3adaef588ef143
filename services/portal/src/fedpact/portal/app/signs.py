"""
Signs of life of the sites: who was heard, and how long ago.

It is for people who ask why something does not go on, so it is kept in memory, and every replica hears for itself. A
replica that has just begun to listen, or hears nobody at all, holds nobody for silent: then it may be its own line.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from fedpact.chassis.clock import Clock
from fedpact.contracts.envelope import Envelope
from fedpact.contracts.telemetry import GatewayAlive


class Signs:
    """`patience`: how long a site may say nothing."""

    def __init__(self, clock: Clock, patience: timedelta) -> None:
        self._clock, self._patience, self._begun = clock, patience, clock.now()
        self._heard: dict[str, datetime] = {}

    async def alive(self, envelope: Envelope, body: bytes) -> None:
        """A site is there: the one the bus authenticated, whatever the message says."""
        del body
        if envelope.type == GatewayAlive.type:
            self._heard[envelope.route] = self._clock.now()

    def last(self, gateway: str) -> datetime | None:
        """When this replica heard the site last."""
        return self._heard.get(gateway)

    def silent(self, gateways: Iterable[str]) -> list[str]:
        """What to tell of those that say nothing."""
        now = self._clock.now()
        if now - max(self._heard.values(), default=self._begun) > self._patience:
            return []
        quiet = {gateway: now - self._heard.get(gateway, self._begun) for gateway in gateways}
        return [
            f"`{gateway}` has said nothing for {length.total_seconds():.0f} s: ask its custodian to see that its"
            " agent runs and reaches the hub"
            for gateway, length in sorted(quiet.items())
            if length > self._patience
        ]
