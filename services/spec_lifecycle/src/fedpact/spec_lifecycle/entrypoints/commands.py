"""The commands this service takes. One line each."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.specs import Activate, CloneSpec, CreateSpec, Deactivate
from fedpact.spec_lifecycle.app.handlers import Handlers


def subscribe(bus: Bus, commands: Commands, handlers: Handlers) -> None:
    bus.on_command(CreateSpec, commands.handle(CreateSpec, handlers.create))
    bus.on_command(CloneSpec, commands.handle(CloneSpec, handlers.clone))
    bus.on_command(Activate, commands.handle(Activate, handlers.activate))
    bus.on_command(Deactivate, commands.handle(Deactivate, handlers.deactivate))
