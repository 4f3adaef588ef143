"""What issuing tokens needs from outside: chance, a key that signs, and whoever else says who people are."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from fedpact.identity.domain.vouching import Claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What this installation is to the provider. `secret` is a file, read at each use so that it can be changed."""

    issuer: str
    client: str
    secret: Path | None
    scopes: tuple[str, ...]
    authorities: Path | None = None
    """Certificates of who vouches for the provider's TLS, when the system does not know them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A browser's way to the identity provider and back, as both have to know it."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """The verifier as the provider may see it before (RFC 7636, `S256`)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")


class Chance(Protocol):
    """Where secrets come from."""

    def secret(self) -> str:
        """A new secret nobody can guess, of characters that need no escaping anywhere and no dot."""
        ...

    def user_code(self) -> str:
        """A short code a person can type."""
        ...


class Signer(Protocol):
    """The keys access tokens are signed with."""

    def sign(self, claims: Mapping[str, JsonValue]) -> str:
        """A token that says `claims`."""
        ...

    def subject(self, token: str, now: datetime) -> str:
        """Whom an access token of ours vouches for; a `DomainError` when it vouches for nobody."""
        ...

    def public(self) -> Sequence[Mapping[str, JsonValue]]:
        """The keys that verify, as members of a JWKS."""
        ...


class Provider(Protocol):
    """An identity provider (OpenID Connect): it knows people and programs, we believe what it signs."""

    async def page(self, trip: Trip) -> str:
        """Where a browser goes to log somebody in."""
        ...

    async def redeem(self, code: str, trip: Trip) -> Claims:
        """What the provider says of who logged in, its signature checked and nothing else."""
        ...

    async def read(self, token: str) -> Claims:
        """What a token of the provider says, its signature checked and nothing else."""
        ...
