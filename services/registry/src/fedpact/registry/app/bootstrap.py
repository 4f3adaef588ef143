"""
The first gateways, before anybody can send a command.

They go through the same decision as commands, in the name of an admin that exists nowhere else; the operator vouches
for their organizations. What is already there stays as it is, so that a restart changes nothing.
"""

from datetime import datetime
from functools import partial

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Actor, Order, Strict
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import RegisterGateway
from fedpact.registry.app.belief import Belief
from fedpact.registry.domain import gateways
from fedpact.registry.domain.model import Gateway

FOUNDER = Actor(user="bootstrap", organization="bootstrap", roles=(Role.ADMIN,))


class Bootstrap(Strict):
    """The file: what to register at the first start."""

    gateways: tuple[RegisterGateway, ...] = ()


async def apply(wanted: Bootstrap, known: Aggregates[Gateway], belief: Belief, now: datetime) -> None:
    """Register what is in `wanted` and not yet known."""
    for command in wanted.gateways:
        await _register(Order(command=command, actor=FOUNDER, now=now), known, Cause(now=now))
        await belief.everything(command.gateway, Cause(now=now))


async def _register(order: Order[RegisterGateway], known: Aggregates[Gateway], cause: Cause) -> None:
    register = partial(gateways.register, order=order, organization_known=True)
    await known.change(order.command.key, lambda gateway: () if gateway else register(gateway), cause)
