"""Refresh tokens that rotate."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.identity.domain import sessions
from fedpact.identity.domain.errors import InvalidGrantError
from fedpact.identity.domain.model import SessionRevoked, SessionRotated, SessionStarted, hashed, matches

NOW = datetime(2026, 1, 1, tzinfo=UTC)
END = NOW + timedelta(days=1)
STARTED = SessionStarted(id="s", user="ada", client="cli", secret_hash=hashed("0"), expires=END)


def session(*facts):
    known = None
    for fact in (STARTED, *facts):
        known = sessions.evolve(known, fact)
    return known


def use(known, secret, *, following="next", client="cli", now=NOW):
    return sessions.use(known, secret=secret, following=hashed(following), client=client, now=now)


def test_a_token_buys_the_next_one():
    assert use(session(), "0") == [SessionRotated(id="s", user="ada", secret_hash=hashed("next"))]


def test_a_client_may_leave_out_its_name():
    assert use(session(), "0", client=None) == use(session(), "0")


@pytest.mark.parametrize(
    ("known", "client", "now"),
    [(None, "cli", NOW), (session(SessionRevoked(id="s")), "cli", NOW), (session(), "cli", END), (session(), "x", NOW)],
)
def test_a_token_is_worth_nothing(known, client, now):
    with pytest.raises(InvalidGrantError, match="log in again"):
        use(known, "0", client=client, now=now)


def test_a_spent_token_ends_the_family():
    rotated = session(*use(session(), "0", following="1"))
    ended = session(*use(session(), "0", following="1"), *use(rotated, "0"))
    assert ended.revoked
    with pytest.raises(InvalidGrantError):
        use(ended, "1")


def test_ending_a_login_twice_changes_nothing():
    assert sessions.revoke(session()) == [SessionRevoked(id="s")]
    assert sessions.revoke(session(SessionRevoked(id="s"))) == []
    assert sessions.revoke(None) == []


@given(st.lists(st.integers(0, 5), max_size=12))
def test_each_token_is_honoured_at_most_once_and_only_in_turn(shown):
    known, turn, dead = session(), 0, False
    for number in shown:
        try:
            [fact] = use(known, str(number), following=str(turn + 1))
        except InvalidGrantError:
            assert dead
            continue
        assert not dead
        known = sessions.evolve(known, fact)
        assert isinstance(fact, SessionRotated) == (number == turn)
        turn += isinstance(fact, SessionRotated)
        dead = isinstance(fact, SessionRevoked)


def test_a_secret_matches_its_own_hash_only():
    assert matches("right", hashed("right"))
    assert not matches("wrong", hashed("right"))
    assert not matches("nobody's", None)
