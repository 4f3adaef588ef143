"""
Gateways on the bus: who may be there, with which key, for how long.

* An admin invites; the invitation is good for one key. Asking again with that key gets the same answer, since the
  answer to the first may be lost.
* The key in use names the next one. Both work for an overlap, then the old one is void.
* Enrolling again (another machine, a lost key) voids what was before at once; so does a revocation, for everything.
* An agent renews at half the time. Whoever has not is warned of, 30, 14 and 3 days before the end.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import Field

from fedpact.contracts.access import (
    GatewayEnrolled,
    GatewayExpiring,
    GatewayInvited,
    GatewayRenewed,
    GatewayRevoked,
    InviteGateway,
    RevokeGateway,
)
from fedpact.contracts.envelope import Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import GatewayRegistered
from fedpact.identity.domain.errors import (
    FixedKeyError,
    InvalidInvitationError,
    NotAllowedError,
    NotEnrolledError,
    UnknownGatewayError,
)

WARNINGS: Final = (30, 14, 3)
"""Days before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`lifetime` of credentials, `overlap` of two; `fixed` gateways have keys that are not given here."""

    lifetime: timedelta
    overlap: timedelta = timedelta(hours=1)
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """`used_by`: the one key it is good for, once it was shown."""

    token_hash: str
    until: datetime
    used_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    key: str
    issued: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A key that was replaced, void from `at` on; after `expires` it would be anyway."""

    key: str
    at: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One gateway's. `account` is for good: what it is told and tells is kept apart by it."""

    gateway: str
    organization: str
    role: Literal["gateway", "orchestrator"]
    account: str
    invitation: Invitation | None = None
    credential: Credential | None = None
    retired: tuple[Retired, ...] = ()
    revoked: datetime | None = None
    warned: int | None = None
    """Days that were left at the last warning."""

    @property
    def due(self) -> datetime | None:
        """When the next warning is."""
        ahead = [days for days in WARNINGS if self.warned is None or days < self.warned]
        if self.credential is None or not ahead:
            return None
        return self.credential.expires - timedelta(days=ahead[0])

    def void(self, now: datetime) -> dict[str, datetime]:
        """Keys whose credentials do not count any more, and those of when."""
        return {one.key: one.at for one in self.retired if one.at <= now}


class AccessInvited(GatewayInvited):
    """`GatewayInvited` as identity itself folds it; on the bus the hash is left out."""

    token_hash: str = Field(exclude=True, repr=False, default="")


def invite(
    known: Access | None, order: Order[InviteGateway], site: GatewayRegistered | None, account: str, terms: Terms
) -> Sequence[Fact]:
    """The facts that let a gateway enroll. `account` is for one that had none."""
    wanted = order.command
    if not order.actor.has(Role.ADMIN):
        raise NotAllowedError("inviting a gateway needs the role `admin`: ask the federation's admin")
    if wanted.gateway in terms.fixed:
        raise FixedKeyError(f"`{wanted.gateway}` has a key from the hub's own setup: there is nothing to enroll")
    if site is None:
        raise UnknownGatewayError(
            f"there is no gateway `{wanted.gateway}`: register it first, or wait a moment if you just did",
            path="gateway",
        )
    until = order.now + timedelta(hours=wanted.hours)
    if known and known.invitation and known.invitation.token_hash == wanted.token_hash:
        return []
    return [
        AccessInvited(
            gateway=site.gateway,
            organization=site.organization,
            role=site.role,
            account=known.account if known else account,
            invited_by=order.actor.user,
            until=until,
            token_hash=wanted.token_hash,
        )
    ]


def enroll(known: Access | None, *, token_hash: str, key: str, now: datetime, terms: Terms) -> Sequence[Fact]:
    """The facts that give `key` the gateway's place. One text for every wrong token: nobody finds out which exist."""
    invitation = known.invitation if known else None
    if known is None or invitation is None or not hmac.compare_digest(invitation.token_hash, token_hash):
        raise InvalidInvitationError("this token is not (or no longer) good for anything: ask the admin for another")
    if invitation.used_by == key and known.credential and known.credential.key == key:
        return []
    if invitation.used_by is not None:
        raise InvalidInvitationError("this token was used already: ask the admin for another")
    if now > invitation.until:
        raise InvalidInvitationError(f"this token ended at {invitation.until:%Y-%m-%d %H:%M} UTC: ask for another")
    return [
        GatewayEnrolled(
            gateway=known.gateway,
            organization=known.organization,
            member_key=key,
            issued_at=now,
            expires_at=now + terms.lifetime,
        )
    ]


def renew(known: Access | None, *, used: str, following: str, now: datetime, terms: Terms) -> Sequence[Fact]:
    """The facts that make `following` the gateway's next key, as the holder of `used` wants."""
    credential = known.credential if known else None
    if known is None or credential is None or credential.expires <= now:
        raise NotEnrolledError("this gateway has no credentials that could be renewed: ask the admin for an invitation")
    if following == credential.key:
        if used in {following, *_overlapping(known, now)}:
            return []
        raise NotEnrolledError("the key that asks is not the gateway's: ask the admin for an invitation")
    if used != credential.key:
        raise NotEnrolledError("the key that asks was replaced: ask the admin for an invitation")
    return [
        GatewayRenewed(
            gateway=known.gateway,
            organization=known.organization,
            member_key=following,
            issued_at=now,
            expires_at=now + terms.lifetime,
            overlaps_until=min(now + terms.overlap, credential.expires),
        )
    ]


def revoke(known: Access | None, order: Order[RevokeGateway]) -> Sequence[Fact]:
    """The facts that end all a gateway may do on the bus."""
    actor, wanted = order.actor, order.command
    mine = known is not None and actor.has(Role.OWNER) and actor.organization == known.organization
    if not mine and not actor.has(Role.ADMIN):
        raise NotAllowedError("revoking a gateway needs the role `admin`, or `owner` of the organization it belongs to")
    if known is None:
        raise UnknownGatewayError(f"`{wanted.gateway}` was never invited: there is nothing to revoke", path="gateway")
    if known.credential is None and known.invitation is None:
        return []
    return [
        GatewayRevoked(
            gateway=known.gateway,
            organization=known.organization,
            revoked_by=actor.user,
            revoked_at=order.now,
        )
    ]


def warn(known: Access | None, now: datetime) -> Sequence[Fact]:
    """The warning that is due: of several that were missed, the last."""
    if known is None or known.credential is None or known.due is None or now < known.due:
        return []
    left = known.credential.expires - now
    days = min(days for days in WARNINGS if left <= timedelta(days=days))
    return [
        GatewayExpiring(
            gateway=known.gateway,
            organization=known.organization,
            expires_at=known.credential.expires,
            days=days,
        )
    ]


def evolve(known: Access | None, fact: Fact) -> Access:
    """The access after `fact`."""
    match fact:
        case AccessInvited():
            invitation = Invitation(token_hash=fact.token_hash, until=fact.until)
            if known is not None:
                return replace(known, invitation=invitation)
            return Access(
                gateway=fact.gateway,
                organization=fact.organization,
                role=fact.role,
                account=fact.account,
                invitation=invitation,
            )
        case GatewayEnrolled():
            assert known is not None
            assert known.invitation is not None
            used = replace(known.invitation, used_by=fact.member_key)
            return replace(_given(known, fact, void=fact.issued_at), invitation=used)
        case GatewayRenewed():
            assert known is not None
            return _given(known, fact, void=fact.overlaps_until)
        case GatewayRevoked():
            assert known is not None
            return replace(known, invitation=None, credential=None, retired=(), revoked=fact.revoked_at, warned=None)
        case GatewayExpiring():
            assert known is not None
            return replace(known, warned=fact.days)
        case _:
            raise AssertionError(fact)


def _given(known: Access, fact: GatewayEnrolled | GatewayRenewed, *, void: datetime) -> Access:
    last = known.credential
    retired = tuple(one for one in known.retired if one.expires > fact.issued_at)
    if last is not None:
        retired += (Retired(key=last.key, at=void, expires=last.expires),)
    given = Credential(key=fact.member_key, issued=fact.issued_at, expires=fact.expires_at)
    return replace(known, credential=given, retired=retired, warned=None)


def _overlapping(known: Access, now: datetime) -> list[str]:
    return [one.key for one in known.retired if one.at > now]
