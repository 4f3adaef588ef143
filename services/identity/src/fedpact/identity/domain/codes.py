"""
Authorization codes (RFC 6749, 4.1) with PKCE (RFC 7636, `S256` only).

A code stands for one login of one person at one client, goes to the redirect address it was asked for, and is worth
something for a minute and once, to whoever knows the verifier. A code that comes back a second time was seen by
somebody else: what was given for it the first time is taken back (RFC 6749, 4.1.2).
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

from fedpact.contracts.envelope import Fact
from fedpact.identity.domain.errors import InvalidGrantError
from fedpact.identity.domain.model import Code, CodeIssued, CodeRedeemed, CodeReplayed

NOTHING = "this code is worth nothing, or no longer: log in again"


def redeem(
    code: Code | None, *, client: str, redirect_uri: str, verifier: str, session: str, now: datetime
) -> Sequence[CodeRedeemed | CodeReplayed]:
    """Somebody presents the code; `session` is the login that it begins."""
    if code is None or now >= code.expires:
        raise InvalidGrantError(NOTHING)
    if (client, redirect_uri) != (code.client, code.redirect_uri) or not _proves(verifier, code.challenge):
        raise InvalidGrantError(NOTHING)
    if code.session is not None:
        return [CodeReplayed(id=code.id, session=code.session)]
    return [CodeRedeemed(id=code.id, user=code.user, session=session)]


def evolve(code: Code | None, fact: Fact) -> Code:
    """The code after `fact`."""
    if isinstance(fact, CodeIssued):
        return Code(**fact.model_dump())
    assert code is not None
    return replace(code, session=fact.session) if isinstance(fact, CodeRedeemed) else code


def _proves(verifier: str, challenge: str) -> bool:
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return compare_digest(made, challenge.encode())
