"""What is told of tokens is kept, asked for again, and believed while nobody answers."""

import json
from datetime import UTC, datetime

import pytest

from fedpact.chassis.actors import Actors, KeySet
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import Actor, DomainError
from fedpact.contracts.queries import Keys

START = datetime(2026, 1, 1, tzinfo=UTC)


class Place:
    """Tokens are good while they are among what is told."""

    def __init__(self):
        self.good, self.asked, self.away = ["a"], 0, False
        self.answer = b""
        self.clock = FakeClock(START)
        self.actors = Actors(self.fetch, self.read, self.clock)

    async def fetch(self):
        self.asked += 1
        if self.away:
            raise UnavailableError("nobody answers")
        return self.answer or json.dumps({"keys": [{"kid": name} for name in self.good]}).encode()

    def read(self, token, told, at):
        if {"kid": token} not in told["keys"]:
            raise DomainError("not good")
        return Actor(user=token, organization="o")

    async def user(self, token):
        return (await self.actors.verify(token, START)).user


async def test_it_is_asked_once_for_many_tokens():
    place = Place()
    assert [await place.user("a") for _ in range(10)] == ["a"] * 10
    assert place.asked == 1


async def test_a_token_that_was_ended_is_refused_soon():
    place = Place()
    assert await place.user("a") == "a"
    place.good = []
    place.clock.pass_(15)
    with pytest.raises(DomainError):
        await place.user("a")


async def test_an_unknown_token_is_asked_about_and_a_flood_of_them_is_not():
    place = Place()
    assert await place.user("a") == "a"
    place.good = ["a", "b"]
    with pytest.raises(DomainError):
        await place.user("b")
    place.clock.pass_(5)
    assert await place.user("b") == "b"
    for _ in range(10):
        with pytest.raises(DomainError):
            await place.user("forged")
    assert place.asked == 2


async def test_what_is_known_counts_while_nobody_answers():
    place = Place()
    assert await place.user("a") == "a"
    place.away = True
    place.clock.pass_(100)
    assert await place.user("a") == "a"
    assert await place.user("a") == "a"
    assert place.asked == 2


async def test_nobody_is_believed_before_anything_is_known():
    place = Place()
    place.away = True
    with pytest.raises(UnavailableError):
        await place.user("a")
    place.away = False
    assert await place.user("a") == "a"


UNREADABLE = [b"[]", b"null", b"no json", b'{"slug": "malformed", "reason": "what is this"}', b'{"keys": [1]}']


@pytest.mark.parametrize("answer", [*UNREADABLE, b'{"keys": [], "ended": {"ada": "soon"}}'])
async def test_an_answer_that_cannot_be_read_is_no_word_against_a_token(answer):
    place = Place()
    place.answer = answer
    with pytest.raises(UnavailableError):
        await place.user("a")
    place.answer = b""
    assert await place.user("a") == "a"
    place.answer = answer
    place.clock.pass_(15)
    assert await place.user("a") == "a"


def test_what_is_read_of_tokens_is_what_identity_tells():
    told = Keys(keys=({"kid": "k-1"},), ended={"ada": 3}).model_dump_json()
    assert KeySet.model_validate_json(told).model_dump() == Keys.model_validate_json(told).model_dump()
