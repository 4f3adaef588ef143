"""
What an identity provider says of somebody, and how it is believed.

A token counts when the provider says it, to us, for now, and for this very login. What its claims mean here is the
operator's to say: which claim holds the organization and the roles, and which of its values stand for which of ours.
Nothing is guessed: a value that the operator did not name gives nothing.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from fedpact.contracts.identity import Role
from fedpact.identity.domain.errors import NotAdmittedError, UntrustedTokenError
from fedpact.identity.domain.model import login_at

Claims = Mapping[str, JsonValue]
LONGEST_ID, MARK = 32, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token has to say beside who somebody is."""

    issuer: str
    audience: str
    leeway: timedelta
    client: str | None = None
    """The program the token has to be made for, where several are named."""
    nonce: str | None = None
    """The mark of the login the token has to belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which claim says what. Without a table of organizations, the provider has to call them as we do."""

    issuer: str
    subject: str = "sub"
    name: str = "name"
    id: str = "preferred_username"
    email: str = "email"
    trusts_email: bool = False
    """Whether an address counts that the provider does not call verified."""
    organization: str | None = None
    organizations: Mapping[str, str] = field(default_factory=dict)
    everybodys: str | None = None
    """The organization of whoever the provider knows, when no claim says it."""
    roles: str | None = None
    roles_named: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Somebody, as the provider knows them. `None` is what it does not decide."""

    login: str
    id: str
    """What to call them here, if nobody is called so."""
    name: str
    email: str | None = None
    """An address they were shown to own."""
    organization: str | None = None
    roles: tuple[Role, ...] | None = None


def check(claims: Claims, expected: Expected, now: datetime) -> None:
    """Refuse a token that is for others, for another time or for another login."""
    if claims.get("iss") != expected.issuer:
        raise UntrustedTokenError(f"the token is issued by `{claims.get('iss')}`, not by `{expected.issuer}`")
    _check_audience(claims, expected)
    _check_time(claims, expected.leeway, now)
    if expected.nonce is not None and claims.get("nonce") != expected.nonce:
        raise UntrustedTokenError("the token belongs to another login (`nonce`): log in again")


def read(claims: Claims, reading: Reading) -> Vouched:
    """Who the claims speak of."""
    subject = _text(claims, reading.subject)
    if subject is None:
        raise _missing(claims, reading.subject, "who somebody is", "subject_claim")
    login = login_at(reading.issuer, subject)
    email = _email(claims, reading)
    name = _text(claims, reading.name) or email or _text(claims, reading.id) or subject
    return Vouched(
        login=login,
        id=_id(_text(claims, reading.id) or email, login),
        name=name[:200],
        email=email,
        organization=_organization(claims, reading),
        roles=_roles(claims, reading),
    )


def marked(vouched: Vouched) -> str:
    """What to call somebody whose name is taken: the same at every login."""
    return f"{vouched.id[:LONGEST_ID]}-{vouched.login[:MARK]}"


def _check_audience(claims: Claims, expected: Expected) -> None:
    audiences = _texts(claims.get("aud"))
    if expected.audience not in audiences:
        told = ", ".join(f"`{name}`" for name in audiences) or "nobody"
        raise UntrustedTokenError(
            f"the token is for {told}, not for `{expected.audience}`: have the identity provider put that audience into"
            " its tokens, or set `audience`"
        )
    party = claims.get("azp")
    if expected.client is not None and len(audiences) > 1 and party != expected.client:
        raise UntrustedTokenError(f"the token was made for the program `{party}`, not for `{expected.client}`")


def _check_time(claims: Claims, leeway: timedelta, now: datetime) -> None:
    expires, at, slack = _moment(claims, "exp"), now.timestamp(), leeway.total_seconds()
    if expires is None:
        raise UntrustedTokenError("the token has no `exp`: it would count for ever")
    if at >= expires + slack:
        raise UntrustedTokenError(
            f"the token expired {at - expires:.0f} s ago: log in again, and if it is new, compare this machine's clock"
            " with the identity provider's"
        )
    early = max(_moment(claims, "nbf") or 0, _moment(claims, "iat") or 0) - at
    if early > slack:
        raise UntrustedTokenError(
            f"the token is from {early:.0f} s ahead of this machine's clock: set the clock (NTP), or `leeway_seconds`"
        )


def _moment(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _email(claims: Claims, reading: Reading) -> str | None:
    email = _text(claims, reading.email)
    if email is None or not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,190}", email):
        return None
    return email.lower() if reading.trusts_email or claims.get("email_verified") is True else None


def _organization(claims: Claims, reading: Reading) -> str | None:
    if reading.organization is None:
        return reading.everybodys
    values = _texts(_value(claims, reading.organization))
    if not values:
        raise _missing(claims, reading.organization, "the organization", "organization_claim")
    if not reading.organizations:
        return values[0] if len(values) == 1 else _one(values, reading.organization)
    return _one([reading.organizations[v] for v in values if v in reading.organizations], reading.organization, values)


def _one(found: Sequence[str], claim: str, values: Sequence[str] = ()) -> str:
    if len(set(found)) == 1:
        return found[0]
    told = ", ".join(f"`{value}`" for value in values or found)
    many = "several organizations" if found else "no organization"
    raise NotAdmittedError(f"{told} in `{claim}` stand for {many} here: ask the operator to see to `organizations`")


def _roles(claims: Claims, reading: Reading) -> tuple[Role, ...] | None:
    if reading.roles is None:
        return None
    values = _texts(_value(claims, reading.roles))
    if not values:
        raise _missing(claims, reading.roles, "roles", "roles_claim")
    found = {reading.roles_named[value] for value in values if value in reading.roles_named}
    if not found:
        told = ", ".join(f"`{value}`" for value in values[:10])
        raise NotAdmittedError(
            f"{told} in `{reading.roles}` stand for no role here: ask the operator to see to `roles`"
        )
    return tuple(sorted(found))


def _missing(claims: Claims, claim: str, what: str, setting: str) -> NotAdmittedError:
    there = ", ".join(f"`{name}`" for name in sorted(claims)[:40])
    return NotAdmittedError(
        f"the identity provider does not say {what}: its claim `{claim}` is missing or empty (there are {there})."
        f" Ask the operator to have it sent, or to set `{setting}`"
    )


def _value(claims: Claims, claim: str) -> JsonValue:
    """The claim of that very name, or else the place that its dots lead to."""
    if claim in claims:
        return claims[claim]
    value: JsonValue = dict(claims)
    for name in claim.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(claims: Claims, claim: str) -> str | None:
    value = _value(claims, claim)
    return value if isinstance(value, str) and value else None


def _texts(value: JsonValue) -> Sequence[str]:
    """One text or several; Keycloak writes the organizations of somebody as the members of an object."""
    several: Collection[JsonValue] = value if isinstance(value, list | dict) else [value]
    return [one for one in several if isinstance(one, str) and one]


def _id(wanted: str | None, login: str) -> str:
    """An identifier that people recognize: the part before the `@`, as far as its letters may be used."""
    plain = re.sub(r"[^a-z0-9]+", "-", (wanted or "").partition("@")[0].lower()).strip("-")
    return plain[:LONGEST_ID].strip("-") or f"user-{login[:MARK]}"
