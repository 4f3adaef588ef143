"""
Tokens: who gets one, and for how long.

An access token says who somebody is for a quarter of an hour; a refresh token buys the next one, is spent by it, and
can be taken back. The user is looked up each time a token is made, so that who was disabled gets none, and whoever
verifies tokens is told of users whose older ones say too much.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.subjects import MAIN
from fedpact.identity.app.ports import Chance, Signer
from fedpact.identity.domain import sessions
from fedpact.identity.domain.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidTokenError,
    UnsupportedTokenTypeError,
)
from fedpact.identity.domain.model import Session, SessionRotated, SessionStarted, User, hashed, matches

_SEPARATOR = "."
_JWT_SEPARATORS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is said in a token beside the user, and how long it holds."""

    issuer: str
    audience: str
    access: timedelta
    login: timedelta
    """From the login on, however often it is refreshed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a client gets."""

    access: str
    seconds: int
    refresh: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    users: Aggregates[User]
    logins: Aggregates[Session]
    signer: Signer
    chance: Chance
    clock: Clock
    terms: Terms

    async def to_service(self, client: str, secret: str) -> Tokens:
        """Tokens for a service account that shows its secret."""
        user = await self.users.find(client)
        if not matches(secret, user.secret_hash if user else None):
            raise InvalidClientError("client id or secret is wrong: compare both with what you were given")
        assert user is not None
        if user.disabled:
            raise InvalidClientError(f"`{user.id}` is disabled: ask an owner of your organization")
        return self._tokens(user)

    async def to_person(self, name: str, client: str, session: str | None = None) -> Tokens:
        """Tokens for a person who has logged in, and the session they begin."""
        user, now = await self._enabled(name), self.clock.now()
        session, secret = session or self.chance.secret(), self.chance.secret()
        started = SessionStarted(
            id=session, user=user.id, client=client, secret_hash=hashed(secret), expires=now + self.terms.login
        )
        await self.logins.change(session, lambda _: [started], Cause(now=now))
        return self._tokens(user, refresh=session + _SEPARATOR + secret)

    def to_vouched(self, user: User) -> Tokens:
        """A token for whom an identity provider has just vouched for; it vouches again for the next one."""
        return self._tokens(user)

    async def refreshed(self, token: str, client: str | None) -> Tokens:
        """New tokens for a refresh token, which is spent by it."""
        session, secret = _parts(token)
        now, following = self.clock.now(), self.chance.secret()
        outcome = await self.logins.change(
            session,
            lambda known: sessions.use(known, secret=secret, following=hashed(following), client=client, now=now),
            Cause(now=now),
        )
        match outcome:
            case [SessionRotated(user=name)]:
                return self._tokens(await self._enabled(name), refresh=session + _SEPARATOR + following)
            case _:
                raise InvalidGrantError("the refresh token was used before, so the login has ended: log in again")

    async def end(self, token: str) -> None:
        """End the login a refresh token belongs to; no difference is told when there is none."""
        if token.count(_SEPARATOR) == _JWT_SEPARATORS:
            raise UnsupportedTokenTypeError("access tokens end by themselves within minutes: revoke the refresh token")
        try:
            session, _ = _parts(token)
        except InvalidGrantError:
            return
        await self.close(session)

    async def close(self, session: str) -> None:
        """End a login."""
        await self.logins.change(session, sessions.revoke, Cause(now=self.clock.now()))

    async def bearer(self, token: str) -> User:
        """The user an access token of ours vouches for, as of now."""
        user = await self.users.find(self.signer.subject(token, self.clock.now()))
        if user is None or user.disabled:
            raise InvalidTokenError("the user of this token is disabled: ask an owner of your organization")
        return user

    async def people(self) -> list[User]:
        """Everybody who could log in."""
        return [user for user in await self.users.every() if not user.service_account and not user.disabled]

    async def _enabled(self, name: str) -> User:
        user = await self.users.find(name)
        if user is None or user.service_account or user.disabled:
            raise InvalidGrantError(f"`{name}` is no person who may log in: check the name, or ask an owner")
        return user

    def _tokens(self, user: User, refresh: str | None = None) -> Tokens:
        access = self.signer.sign(_claims(user, self.clock.now(), self.terms, self.chance.secret()))
        return Tokens(access=access, seconds=int(self.terms.access.total_seconds()), refresh=refresh)


def _claims(user: User, now: datetime, terms: Terms, mark: str) -> dict[str, JsonValue]:
    issued = int(now.timestamp())
    claims: dict[str, JsonValue] = {
        "iss": terms.issuer,
        "aud": terms.audience,
        "sub": user.id,
        "org": user.organization,
        "roles": list(user.roles),
        "groups": list(user.groups),
        "channel": MAIN,
        "iat": issued,
        "exp": issued + int(terms.access.total_seconds()),
        "jti": mark,
    }
    return claims | ({"email": user.email} if user.email else {})


def _parts(token: str) -> tuple[str, str]:
    session, separator, secret = token.partition(_SEPARATOR)
    if not (session and separator and secret) or _SEPARATOR in secret:
        raise InvalidGrantError("this is not a refresh token: log in again")
    return session, secret
