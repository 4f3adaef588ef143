"""
What identity keeps, and the facts only identity sees.

A secret is kept as its hash only, and the hash never leaves: it rides on the fact that registers the account, in a
member that is left out wherever the fact is written down.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from pydantic import AwareDatetime, Field

from fedpact.contracts.envelope import Fact
from fedpact.contracts.identity import Role, UserChanged

_NOBODYS = sha256(b"nobody's").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person, or a program when it has a secret."""

    id: str
    organization: str
    name: str
    email: str | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()
    secret_hash: str | None = None
    disabled: bool = False
    login: str | None = None
    """Who this is at the identity provider, as `login_at` writes it."""
    cut: datetime | None = None
    """When something was last taken from the user: tokens from before say too much."""

    @property
    def service_account(self) -> bool:
        return self.secret_hash is not None


class AccountChanged(UserChanged):
    """`UserChanged` as identity itself folds it; on the bus it is a plain `UserChanged`."""

    secret_hash: str | None = Field(default=None, exclude=True, repr=False)
    login: str | None = Field(default=None, exclude=True, repr=False)
    cut: AwareDatetime | None = Field(default=None, exclude=True)

    @classmethod
    def of(cls, user: User) -> "AccountChanged":
        """The fact that somebody is `user` from now on."""
        return cls(
            user=user.id,
            organization=user.organization,
            name=user.name,
            email=user.email,
            roles=user.roles,
            groups=user.groups,
            service_account=user.service_account,
            disabled=user.disabled,
            secret_hash=user.secret_hash,
            login=user.login,
            cut=user.cut,
        )


class DeviceStatus(StrEnum):
    PENDING = "pending"
    """Nobody decided yet."""
    APPROVED = "approved"
    DENIED = "denied"
    REDEEMED = "redeemed"
    """The device has its tokens; the code is worth nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device that waits for a person's approval (RFC 8628)."""

    id: str
    """Hash of the device code."""
    user_code_hash: str
    client: str
    expires: datetime
    interval: int
    """Seconds the device has to wait between polls."""
    polled: datetime | None = None
    status: DeviceStatus = DeviceStatus.PENDING
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One login on its way from the browser to the program that asked for it."""

    id: str
    """Hash of the code."""
    user: str
    client: str
    redirect_uri: str
    challenge: str
    expires: datetime
    session: str | None = None
    """The login it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """All refresh tokens that follow from one login: only the newest is worth anything, and only once."""

    id: str
    user: str
    client: str
    secret_hash: str
    expires: datetime
    revoked: bool = False


class Kept(Fact):
    """Folded into identity's own store, never published."""

    id: str

    @property
    def key(self) -> str:
        return self.id


class DeviceStarted(Kept):
    user_code_hash: str
    client: str
    expires: AwareDatetime
    interval: int


class DevicePolled(Kept):
    """The device asked and nobody had decided. `interval` is what it has to keep from now on."""

    at: AwareDatetime
    interval: int
    too_fast: bool


class DeviceApproved(Kept):
    user: str


class DeviceDenied(Kept):
    pass


class DeviceRedeemed(Kept):
    user: str


class CodeIssued(Kept):
    user: str
    client: str
    redirect_uri: str
    challenge: str
    expires: AwareDatetime


class CodeRedeemed(Kept):
    user: str
    session: str


class CodeReplayed(Kept):
    """Somebody came with a spent code; `session` is the login it had begun."""

    session: str


class SessionStarted(Kept):
    user: str
    client: str
    secret_hash: str
    expires: AwareDatetime


class SessionRotated(Kept):
    user: str
    secret_hash: str


class SessionRevoked(Kept):
    pass


def login_at(provider: str, subject: str) -> str:
    """Somebody at an identity provider: only issuer and subject together name a person, and for ever."""
    return sha256(f"{provider}\n{subject}".encode()).hexdigest()


def hashed(secret: str) -> str:
    """How a secret is kept. Secrets are long and random, so that one round of SHA-256 is enough."""
    return sha256(secret.encode()).hexdigest()


def matches(secret: str, kept: str | None) -> bool:
    """Whether `secret` is the one kept as that hash, in the same time whatever is kept."""
    return hmac.compare_digest(hashed(secret), kept or _NOBODYS) and kept is not None
