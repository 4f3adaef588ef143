"""Whom identity's tokens vouch for, and tokens that ended before their time."""

from datetime import UTC, datetime

import pytest

from fedpact.decision import keys, tokens
from fedpact.decision.actors import AUDIENCE, ISSUER, UnauthenticatedActorError, read_actor

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = int(NOW.timestamp())
KEY = keys.generate()
TOKEN = tokens.mint({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "org": "clinic", "iat": AT, "exp": AT + 900}, KEY)
TOLD = {"keys": [tokens.jwk_of(KEY)]}


@pytest.mark.parametrize("ended", [{}, {"bob": AT + 900}, {"ada": AT}])
def test_a_token_from_after_the_last_loss_counts(ended):
    assert read_actor(TOKEN, TOLD | {"ended": ended}, NOW).user == "ada"


def test_a_token_from_before_something_was_taken_does_not_count():
    with pytest.raises(UnauthenticatedActorError, match="disabled or lost a role"):
        read_actor(TOKEN, TOLD | {"ended": {"ada": AT + 1}}, NOW)


def test_who_tells_nothing_of_endings_ends_nothing():
    assert read_actor(TOKEN, TOLD, NOW).user == "ada"
