"""
The first organizations and users, before anybody can send a command.

They go through the same decisions as commands, in the name of an admin that exists nowhere else. What is already there
stays as it is: a restart changes nothing, and never takes back what was changed since.
"""

from datetime import datetime

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Actor, Order, Strict
from fedpact.contracts.identity import RegisterOrganization, RegisterUser, Role
from fedpact.identity.domain import members
from fedpact.identity.domain.model import Organization, User

FOUNDER = Actor(user="bootstrap", organization="bootstrap", roles=(Role.ADMIN,))


class Bootstrap(Strict):
    """The file: what to register at the first start. A user with a `secret_hash` is a service account."""

    organizations: tuple[RegisterOrganization, ...] = ()
    users: tuple[RegisterUser, ...] = ()
    service_accounts: tuple[RegisterUser, ...] = ()


async def apply(
    wanted: Bootstrap, organizations: Aggregates[Organization], users: Aggregates[User], now: datetime
) -> None:
    """Register what is in `wanted` and not yet known."""
    for organization in wanted.organizations:
        await _register_organization(organization, organizations, now)
    for user in (*wanted.users, *wanted.service_accounts):
        home = await organizations.find(user.organization)
        await _register_user(user, home, users, now)


async def _register_organization(
    command: RegisterOrganization, organizations: Aggregates[Organization], now: datetime
) -> None:
    order = Order(command=command, actor=FOUNDER, now=now)
    await organizations.change(
        command.key, lambda known: () if known else members.register_organization(known, order), Cause(now=now)
    )


async def _register_user(
    command: RegisterUser, home: Organization | None, users: Aggregates[User], now: datetime
) -> None:
    order = Order(command=command, actor=FOUNDER, now=now)
    await users.change(
        command.key, lambda known: () if known else members.register_user(known, order, home), Cause(now=now)
    )
