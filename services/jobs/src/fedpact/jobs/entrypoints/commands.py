"""Which commands this service takes."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.jobs.app.handlers import Handlers


def subscribe(bus: Bus, orders: Commands, handlers: Handlers) -> None:
    bus.on_command(SubmitJob, orders.handle(SubmitJob, handlers.submit))
    bus.on_command(CancelJob, orders.handle(CancelJob, handlers.cancel))
