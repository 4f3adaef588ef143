"""
Who a token vouches for.

What the service that signs tokens tells, its keys and which tokens ended before their time, is kept for some seconds: a
token that was ended is refused everywhere soon, and nobody is asked for every token. An unknown key is asked for at
once, but at most every few seconds, so that a rotation is noticed and a flood of forgeries is not passed on. While
nobody answers, what is known goes on to count: tokens are short, and the others can work.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue, ValidationError

from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import Actor, DomainError, Model

Told = Mapping[str, JsonValue]
"""What the service that signs tokens tells of them."""
AskOfTokens = Callable[[], Awaitable[bytes]]
ReadToken = Callable[[str, Told, datetime], Actor]
"""Pure: the actor a token vouches for at a moment, or a `DomainError`."""
PAUSE, FRESH = timedelta(seconds=5), timedelta(seconds=15)
log = logging.getLogger(__name__)


class KeySet(Model):
    """RFC 7517, and user -> second since 1970 before which a token of that user counts no more."""

    keys: tuple[dict[str, JsonValue], ...]
    ended: dict[str, int] = {}


def read_told(answer: bytes) -> Told:
    """What an answer tells; `UnavailableError` where it tells nothing of tokens: no word against any."""
    try:
        return KeySet.model_validate_json(answer).model_dump(mode="json")
    except ValidationError as error:
        raise UnavailableError("what was told of tokens cannot be read") from error


class Actors:
    def __init__(self, ask: AskOfTokens, read: ReadToken, clock: Clock) -> None:
        self._ask_of_tokens, self._read, self._clock = ask, read, clock
        self._told: Told | None = None
        self._asked: datetime | None = None

    async def verify(self, token: str, at: datetime) -> Actor:
        """The actor `token` vouched for at `at`."""
        told = self._told
        if told is None or self._older_than(FRESH):
            told = await self._ask()
        try:
            return self._read(token, told, at)
        except DomainError:
            if not self._older_than(PAUSE):
                raise
        return self._read(token, await self._ask(), at)

    def _older_than(self, age: timedelta) -> bool:
        return self._asked is None or self._clock.now() - self._asked >= age

    async def _ask(self) -> Told:
        self._asked = self._clock.now()
        try:
            self._told = read_told(await self._ask_of_tokens())
        except UnavailableError as error:
            if self._told is None:
                self._asked = None
                raise
            log.warning("tokens are read by what is known of them: %s", error)
        return self._told
