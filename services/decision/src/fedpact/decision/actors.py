"""Who an access token vouches for: the one reading of identity's tokens, at every door of the hub."""

from collections.abc import Mapping
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


def read_actor(token: str, told: Mapping[str, JsonValue], at: datetime) -> Actor:
    """The actor `token` vouched for at the moment `at`, as identity tells of its tokens: `queries.Keys`."""
    try:
        claims = tokens.verify(token, tokens.keys_of(told), issuer=ISSUER, audience=AUDIENCE, now=at)
        _check_not_ended(claims, told)
        return Actor.model_validate({"user": claims["sub"], "organization": claims["org"]} | _optional(claims))
    except TokenError as error:
        raise UnauthenticatedActorError(f"{error.reason}: log in again") from error
    except (KeyError, ValidationError) as error:
        raise UnauthenticatedActorError("the access token does not say who acts: log in again") from error


def _check_not_ended(claims: Mapping[str, JsonValue], told: Mapping[str, JsonValue]) -> None:
    """Refuse a token from before something was taken from its user."""
    ended, issued = told.get("ended"), claims["iat"]
    before = ended.get(str(claims["sub"])) if isinstance(ended, dict) else None
    if isinstance(before, int) and isinstance(issued, int) and issued < before:
        raise UnauthenticatedActorError(
            "you were disabled or lost a role or group since you got this token: log in again, or ask an owner"
        )


def _optional(claims: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: claims[name] for name in ("roles", "groups", "email", "channel") if claims.get(name) is not None}
