"""What an owner may ask of the service."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.policies import PublishPolicy, WithdrawPolicy
from fedpact.policy.app.handlers import Handlers


def subscribe(bus: Bus, orders: Commands, handlers: Handlers) -> None:
    bus.on_command(PublishPolicy, orders.handle(PublishPolicy, handlers.publish))
    bus.on_command(WithdrawPolicy, orders.handle(WithdrawPolicy, handlers.withdraw))
