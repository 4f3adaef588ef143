"""What issuing tokens needs from outside: chance, and a key that signs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue


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
