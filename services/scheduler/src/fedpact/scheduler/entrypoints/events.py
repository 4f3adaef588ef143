"""Which facts the scheduler hears."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.registry import GatewayAnnounced
from fedpact.contracts.specs import (
    ActivationEnded,
    ActivationRequested,
    ActivationSentBack,
    ParticipantReleased,
    SpecCreated,
)
from fedpact.scheduler.app.handlers import Handlers


def subscribe(bus: Bus, handlers: Handlers) -> None:
    bus.on(GatewayAnnounced, handlers.announced)
    bus.on(SpecCreated, handlers.created)
    bus.on(ActivationRequested, handlers.requested)
    bus.on(ActivationSentBack, handlers.sent_back)
    bus.on(ActivationEnded, handlers.ended)
    bus.on(ParticipantReleased, handlers.released)
