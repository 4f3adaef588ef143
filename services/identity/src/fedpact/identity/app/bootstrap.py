"""
The first organizations and users, before anybody can send a command.

They go through the same decisions as commands, in the name of an admin that exists nowhere else. What is already there
stays as it is: a restart changes nothing, and never takes back what was changed since.
"""

from datetime import datetime

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.envelope import Actor, Order, Strict
from fedpact.contracts.identity import RegisterOrganization, RegisterUser, Role
from fedpact.identity.app.handlers import Handlers

FOUNDER = Actor(user="bootstrap", organization="bootstrap", roles=(Role.ADMIN,))


class Bootstrap(Strict):
    """The file: what to register at the first start. A user with a `secret_hash` is a service account."""

    organizations: tuple[RegisterOrganization, ...] = ()
    users: tuple[RegisterUser, ...] = ()
    service_accounts: tuple[RegisterUser, ...] = ()


async def apply(wanted: Bootstrap, handlers: Handlers, now: datetime) -> None:
    """Register what is in `wanted` and not yet known."""
    for organization in wanted.organizations:
        if await handlers.organizations.find(organization.key) is None:
            await handlers.register_organization(Order(command=organization, actor=FOUNDER, now=now), Cause(now=now))
    for user in (*wanted.users, *wanted.service_accounts):
        if await handlers.users.find(user.key) is None:
            await handlers.register_user(Order(command=user, actor=FOUNDER, now=now), Cause(now=now))
