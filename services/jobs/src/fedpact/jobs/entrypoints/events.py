"""Which facts this service hears."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced, JobOpened, JobRefused, SpecCreated
from fedpact.contracts.workloads import JobObserved
from fedpact.jobs.app.handlers import Handlers


def subscribe(bus: Bus, handlers: Handlers) -> None:
    bus.on(SpecCreated, handlers.created)
    bus.on(ActivationPlaced, handlers.placed)
    bus.on(ActivationEnded, handlers.ended)
    bus.on(JobOpened, handlers.opened)
    bus.on(JobRefused, handlers.refused)
    bus.on(JobObserved, handlers.observed)
