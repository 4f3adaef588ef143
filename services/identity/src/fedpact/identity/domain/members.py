"""
Who may add and change whom.

* An admin registers organizations, and users of any organization.
* An owner registers and changes users of its own organization, and grants what an organization can grant: every role
  but `admin`. It does not touch somebody who is an admin.
* What is registered again with the same content changes nothing; with other content it is refused.
* Nobody disables themselves or drops their own `owner` or `admin`: somebody else has to.
"""

from collections.abc import Sequence

from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import (
    ChangeUser,
    OrganizationRegistered,
    RegisterOrganization,
    RegisterUser,
    Role,
)
from fedpact.identity.domain.errors import (
    AlreadyRegisteredError,
    NotAllowedError,
    SelfLockoutError,
    UnknownOrganizationError,
    UnknownUserError,
)
from fedpact.identity.domain.model import AccountChanged, Organization, User

ORGANIZATION_ROLES = frozenset(Role) - {Role.ADMIN}
_WAYS_BACK = (Role.OWNER, Role.ADMIN)


def register_organization(known: Organization | None, order: Order[RegisterOrganization]) -> Sequence[Fact]:
    """The facts that make an organization known."""
    wanted = order.command
    if not order.actor.has(Role.ADMIN):
        raise NotAllowedError("registering an organization needs the role `admin`: ask the federation's admin")
    if known is None:
        return [OrganizationRegistered(organization=wanted.organization, name=wanted.name)]
    if known.name != wanted.name:
        raise AlreadyRegisteredError(
            f"`{wanted.organization}` is already registered as `{known.name}`: choose another id", path="organization"
        )
    return []


def register_user(known: User | None, order: Order[RegisterUser], organization: Organization | None) -> Sequence[Fact]:
    """The facts that make a user known. `organization` is the one the command names, if it is known."""
    wanted = _wanted(order.command)
    _may_administer(order.actor, wanted.organization)
    _may_grant(order.actor, wanted.roles)
    if organization is None:
        raise UnknownOrganizationError(
            f"`{wanted.organization}` is not registered: register the organization first", path="organization"
        )
    if known is None:
        return [_fact(wanted)]
    if known != wanted:
        raise AlreadyRegisteredError(
            f"the id `{wanted.id}` is taken: choose another one, or change that user", path="user"
        )
    return []


def change_user(known: User | None, order: Order[ChangeUser]) -> Sequence[Fact]:
    """The facts that give a user new roles, groups or standing."""
    command, actor = order.command, order.actor
    if known is None or not _reaches(actor, known.organization):
        _may_administer(actor, actor.organization)
        raise UnknownUserError(f"there is no user `{command.user}` you may change: check the id", path="user")
    wanted = _changed(known, command)
    if Role.ADMIN in known.roles and not actor.has(Role.ADMIN):
        raise NotAllowedError(f"`{known.id}` is an admin: only an admin may change that user")
    _may_grant(actor, set(wanted.roles) - set(known.roles))
    if actor.user == known.id:
        _keeps_a_way_back(known, wanted)
    return [] if wanted == known else [_fact(wanted)]


def evolve_organization(_: Organization | None, fact: Fact) -> Organization:
    """The organization after `fact`."""
    assert isinstance(fact, OrganizationRegistered)
    return Organization(id=fact.organization, name=fact.name)


def evolve_user(_: User | None, fact: Fact) -> User:
    """The user after `fact`, which always says the whole of it."""
    assert isinstance(fact, AccountChanged)
    return User(
        id=fact.user,
        organization=fact.organization,
        name=fact.name,
        email=fact.email,
        roles=fact.roles,
        groups=fact.groups,
        secret_hash=fact.secret_hash,
        disabled=fact.disabled,
    )


def _reaches(actor: Actor, organization: str) -> bool:
    return actor.has(Role.ADMIN) or (actor.has(Role.OWNER) and actor.organization == organization)


def _may_administer(actor: Actor, organization: str) -> None:
    if not _reaches(actor, organization):
        raise NotAllowedError(
            f"users of `{organization}` are added and changed by its owners and by admins: ask one of them"
        )


def _may_grant(actor: Actor, roles: Sequence[Role] | set[Role]) -> None:
    beyond = sorted(set(roles) - ORGANIZATION_ROLES)
    if beyond and not actor.has(Role.ADMIN):
        raise NotAllowedError(f"only an admin grants the role `{beyond[0]}`: leave it out or ask one", path="roles")


def _keeps_a_way_back(known: User, wanted: User) -> None:
    if wanted.disabled and not known.disabled:
        raise SelfLockoutError("you cannot disable yourself: ask another owner or admin", path="disabled")
    dropped = [role for role in _WAYS_BACK if role in known.roles and role not in wanted.roles]
    if dropped:
        raise SelfLockoutError(
            f"you cannot drop your own role `{dropped[0]}`: ask another owner or admin", path="roles"
        )


def _wanted(command: RegisterUser) -> User:
    return User(
        id=command.user,
        organization=command.organization,
        name=command.name,
        email=command.email,
        roles=_each_once(command.roles),
        groups=tuple(dict.fromkeys(command.groups)),
        secret_hash=command.secret_hash,
    )


def _changed(known: User, command: ChangeUser) -> User:
    return User(
        id=known.id,
        organization=known.organization,
        name=known.name,
        email=known.email,
        roles=known.roles if command.roles is None else _each_once(command.roles),
        groups=known.groups if command.groups is None else tuple(dict.fromkeys(command.groups)),
        secret_hash=known.secret_hash,
        disabled=known.disabled if command.disabled is None else command.disabled,
    )


def _each_once(roles: Sequence[Role]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))


def _fact(user: User) -> AccountChanged:
    return AccountChanged(
        user=user.id,
        organization=user.organization,
        name=user.name,
        email=user.email,
        roles=user.roles,
        groups=user.groups,
        service_account=user.service_account,
        disabled=user.disabled,
        secret_hash=user.secret_hash,
    )
