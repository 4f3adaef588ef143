"""
Refresh tokens that rotate.

Each use spends the token and makes the next one. A spent token that comes back means that two hold it, one of them a
thief, and nobody can tell which: the whole family ends and the person logs in again (RFC 9700, 4.14.2).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fedpact.contracts.envelope import Fact
from fedpact.identity.domain.errors import InvalidGrantError
from fedpact.identity.domain.model import Session, SessionRevoked, SessionRotated, SessionStarted, matches


def use(
    session: Session | None, *, secret: str, following: str, client: str | None, now: datetime
) -> Sequence[SessionRotated | SessionRevoked]:
    """Somebody presents a refresh token; `following` is the hash of the one to come."""
    if session is None or session.revoked or now >= session.expires:
        raise InvalidGrantError("the login has ended: log in again")
    if client is not None and client != session.client:
        raise InvalidGrantError("the refresh token was given to another client: log in again")
    if not matches(secret, session.secret_hash):
        return [SessionRevoked(id=session.id)]
    return [SessionRotated(id=session.id, user=session.user, secret_hash=following)]


def revoke(session: Session | None) -> Sequence[SessionRevoked]:
    """The login ends, whatever is known of it."""
    return [] if session is None or session.revoked else [SessionRevoked(id=session.id)]


def evolve(session: Session | None, fact: Fact) -> Session:
    """The session after `fact`."""
    if isinstance(fact, SessionStarted):
        return Session(**fact.model_dump())
    assert session is not None
    match fact:
        case SessionRotated():
            return replace(session, secret_hash=fact.secret_hash)
        case SessionRevoked():
            return replace(session, revoked=True)
        case _:
            raise AssertionError(fact)
