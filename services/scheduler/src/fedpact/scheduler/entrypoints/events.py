"""Which facts the scheduler hears."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.registry import GatewayAnnounced
from fedpact.contracts.specs import (
    ActivationCompleted,
    ActivationEnded,
    ActivationRequested,
    ActivationSentBack,
    ActivationStopping,
    JobClosed,
    JobOpened,
    ParticipantReleased,
    SpecCreated,
)
from fedpact.scheduler.app.handlers import Handlers
from fedpact.scheduler.app.sweeps import Sweeps


def subscribe(bus: Bus, handlers: Handlers, sweeps: Sweeps) -> None:
    bus.on(GatewayAnnounced, handlers.announced)
    bus.on(SpecCreated, handlers.created)
    bus.on(ActivationRequested, handlers.hear)
    bus.on(ActivationSentBack, handlers.hear)
    bus.on(ActivationEnded, handlers.hear)
    bus.on(ParticipantReleased, handlers.hear)
    bus.on(ActivationCompleted, sweeps.seen)
    bus.on(ActivationStopping, sweeps.seen)
    bus.on(JobOpened, sweeps.seen)
    bus.on(JobClosed, sweeps.seen)
