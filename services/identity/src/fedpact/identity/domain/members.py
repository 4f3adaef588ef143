"""
Who may add and change whom.

* An admin registers organizations, and users of any organization.
* An owner registers and changes users of its own organization, and grants what an organization can grant: every role
  but `admin`. It does not touch somebody who is an admin.
* What is registered again with the same content changes nothing; with other content it is refused.
* Nobody disables themselves or drops their own `owner` or `admin`: somebody else has to.
* Whatever is taken from somebody ends the tokens that still say it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

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
    NoProviderError,
    NotAllowedError,
    SelfLockoutError,
    UnknownOrganizationError,
    UnknownUserError,
)
from fedpact.identity.domain.model import AccountChanged, Organization, User, login_at

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


def register_user(
    known: User | None, order: Order[RegisterUser], organization: Organization | None, provider: str | None = None
) -> Sequence[Fact]:
    """
    The facts that make a user known.

    `organization` is the one the command names, if it is known; `provider` is who logs people in, if somebody does.
    """
    wanted = _wanted(order.command, provider)
    _may_administer(order.actor, wanted.organization)
    _may_grant(order.actor, wanted.roles)
    if organization is None:
        raise UnknownOrganizationError(
            f"`{wanted.organization}` is not registered: register the organization first", path="organization"
        )
    if known is None:
        return [AccountChanged.of(wanted)]
    if _as_registered(known, wanted) != wanted:
        raise AlreadyRegisteredError(
            f"the id `{wanted.id}` is taken: choose another one, or change that user", path="user"
        )
    return []


def change_user(known: User | None, order: Order[ChangeUser], provider: str | None = None) -> Sequence[Fact]:
    """The facts that give a user new roles, groups, standing or another login at `provider`."""
    command, actor = order.command, order.actor
    if known is None or not _reaches(actor, known.organization):
        _may_administer(actor, actor.organization)
        raise UnknownUserError(f"there is no user `{command.user}` you may change: check the id", path="user")
    wanted = _changed(known, command, provider)
    if Role.ADMIN in known.roles and not actor.has(Role.ADMIN):
        raise NotAllowedError(f"`{known.id}` is an admin: only an admin may change that user")
    _may_grant(actor, set(wanted.roles) - set(known.roles))
    if actor.user == known.id:
        _keeps_a_way_back(known, wanted)
    return [] if wanted == known else [AccountChanged.of(lessened(known, wanted, order.now))]


def end_of_tokens(user: User) -> int:
    """The second before which the user's tokens count no more; who is disabled got none in the same second."""
    assert user.cut is not None
    return int(user.cut.timestamp()) + user.disabled


def check_free(user: str, holders: Sequence[User]) -> None:
    """Refuse to give `user` a login at the provider that is another's."""
    if any(holder.id != user for holder in holders):
        raise AlreadyRegisteredError(
            "this subject is another user's already: give the right one", path="provider_subject"
        )


def lessened(known: User, wanted: User, now: datetime) -> User:
    """`wanted`, marked when it is less than `known` was."""
    lost = set(known.roles) - set(wanted.roles) or set(known.groups) - set(wanted.groups)
    disabled = wanted.disabled and not known.disabled
    return replace(wanted, cut=now) if lost or disabled else wanted


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
        login=fact.login,
        cut=fact.cut,
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


def _wanted(command: RegisterUser, provider: str | None) -> User:
    return User(
        id=command.user,
        organization=command.organization,
        name=command.name,
        email=command.email,
        roles=_each_once(command.roles),
        groups=tuple(dict.fromkeys(command.groups)),
        secret_hash=command.secret_hash,
        login=_login(command.provider_subject, provider) if command.provider_subject else None,
    )


def _as_registered(known: User, wanted: User) -> User:
    """`known` without what came to it by a first login or a change, and not by being registered."""
    return replace(known, cut=None, login=known.login if wanted.login else None)


def _changed(known: User, command: ChangeUser, provider: str | None) -> User:
    login = known.login if command.provider_subject is None else _login(command.provider_subject, provider)
    return replace(
        known,
        roles=known.roles if command.roles is None else _each_once(command.roles),
        groups=known.groups if command.groups is None else tuple(dict.fromkeys(command.groups)),
        disabled=known.disabled if command.disabled is None else command.disabled,
        login=login,
    )


def _login(subject: str, provider: str | None) -> str | None:
    if not subject:
        return None
    if provider is None:
        raise NoProviderError(
            "no identity provider is connected here: leave `provider_subject` out", path="provider_subject"
        )
    return login_at(provider, subject)


def _each_once(roles: Sequence[Role]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))
