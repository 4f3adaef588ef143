"""The commands the registry takes."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.registry import AddModelVersion, ProposeDataset, RegisterGateway, RegisterModel
from fedpact.registry.app.handlers import Handlers
from fedpact.registry.app.proposals import Proposals


def subscribe(bus: Bus, orders: Commands, handlers: Handlers, proposals: Proposals) -> None:
    bus.on_command(ProposeDataset, orders.handle(ProposeDataset, proposals.propose))
    bus.on_command(RegisterGateway, orders.handle(RegisterGateway, handlers.register_gateway))
    bus.on_command(RegisterModel, orders.handle(RegisterModel, handlers.register_model))
    bus.on_command(AddModelVersion, orders.handle(AddModelVersion, handlers.add_model_version))
