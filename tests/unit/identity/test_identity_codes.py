"""Authorization codes: once, for a minute, for who knows the verifier."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.identity.domain import codes
from fedpact.identity.domain.errors import InvalidGrantError
from fedpact.identity.domain.model import CodeIssued, CodeRedeemed, CodeReplayed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ISSUED = CodeIssued(
    id="c", user="ada", client="portal", redirect_uri="/back", challenge=CHALLENGE, expires=NOW + timedelta(minutes=1)
)
RIGHT = {"client": "portal", "redirect_uri": "/back", "verifier": VERIFIER, "session": "s-1", "now": NOW}


def code(*facts):
    known = None
    for fact in (ISSUED, *facts):
        known = codes.evolve(known, fact)
    return known


def test_the_first_who_proves_it_gets_the_login():
    assert codes.redeem(code(), **RIGHT) == [CodeRedeemed(id="c", user="ada", session="s-1")]


def test_the_second_gets_the_first_ones_login_ended():
    spent = code(CodeRedeemed(id="c", user="ada", session="s-1"))
    assert codes.redeem(spent, **RIGHT | {"session": "s-2"}) == [CodeReplayed(id="c", session="s-1")]
    assert codes.evolve(spent, CodeReplayed(id="c", session="s-1")) == spent


@pytest.mark.parametrize(
    "wrong",
    [{"client": "cli"}, {"redirect_uri": "/other"}, {"verifier": CHALLENGE}, {"now": ISSUED.expires}],
)
def test_anything_else_is_refused_spent_or_not(wrong):
    for known in (None, code(), code(CodeRedeemed(id="c", user="ada", session="s-1"))):
        with pytest.raises(InvalidGrantError):
            codes.redeem(known, **RIGHT | wrong)


@given(st.text(max_size=80))
def test_no_other_verifier_proves_anything(verifier):
    if verifier != VERIFIER:
        with pytest.raises(InvalidGrantError):
            codes.redeem(code(), **RIGHT | {"verifier": verifier})
