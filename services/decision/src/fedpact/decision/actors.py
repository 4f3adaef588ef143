"""Who an access token vouches for: the one reading of identity's tokens, at every door of the hub."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue, ValidationError

from fedpact.contracts.envelope import Actor, DomainError
from fedpact.decision import tokens
from fedpact.decision.errors import TokenError

ISSUER = "fedpact"
AUDIENCE = "fedpact"


class UnauthenticatedActorError(DomainError):
    """The access token vouches for nobody."""

    slug = "unauthenticated"


def read_actor(token: str, keys: Sequence[Mapping[str, JsonValue]], at: datetime) -> Actor:
    """The actor `token` vouched for at the moment `at`, by one of identity's `keys` (JWKs)."""
    known = tokens.keys_of({"keys": [dict(key) for key in keys]})
    try:
        claims = tokens.verify(token, known, issuer=ISSUER, audience=AUDIENCE, now=at)
        return Actor.model_validate({"user": claims["sub"], "organization": claims["org"]} | _optional(claims))
    except TokenError as error:
        raise UnauthenticatedActorError(f"{error.reason}: log in again") from error
    except (KeyError, ValidationError) as error:
        raise UnauthenticatedActorError("the access token does not say who acts: log in again") from error


def _optional(claims: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: claims[name] for name in ("roles", "groups", "email", "channel") if claims.get(name) is not None}
