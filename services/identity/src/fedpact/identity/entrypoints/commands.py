"""The commands identity takes."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser
from fedpact.identity.app.handlers import Handlers


def subscribe(bus: Bus, orders: Commands, handlers: Handlers) -> None:
    bus.on_command(RegisterOrganization, orders.handle(RegisterOrganization, handlers.register_organization))
    bus.on_command(RegisterUser, orders.handle(RegisterUser, handlers.register_user))
    bus.on_command(ChangeUser, orders.handle(ChangeUser, handlers.change_user))
