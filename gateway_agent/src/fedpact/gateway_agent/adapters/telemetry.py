"""Telemetry on the bus: said once, lost without harm, and never in the way of what it tells about."""

import logging
from dataclasses import dataclass

from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import Clock
from fedpact.chassis.guard import failure_of
from fedpact.contracts.envelope import Envelope, Message

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BusTelemetry:
    """Under the gateway's own last token."""

    bus: Bus
    gateway: str
    clock: Clock

    async def tell(self, message: Message) -> None:
        envelope = Envelope(
            source=f"fedpact/{self.gateway}/telemetry",
            type=message.type,
            subject=message.key,
            time=self.clock.now(),
            route=self.gateway,
        )
        failure = await failure_of(self.bus.tell(message, envelope))
        if failure:
            log.info("telemetry was lost", extra={"key": message.key, "reason": type(failure).__name__})
