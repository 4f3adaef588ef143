"""
Who a token vouches for.

Keys come from the service that signs tokens and are kept; an unknown key is asked for again, at most every few
seconds, so that a rotation is noticed and a flood of forgeries is not passed on.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from fedpact.chassis.clock import Clock
from fedpact.contracts.envelope import Actor, DomainError

Key = Mapping[str, JsonValue]
FetchKeys = Callable[[], Awaitable[Sequence[Key]]]
ReadToken = Callable[[str, Sequence[Key], datetime], Actor]
"""Pure: the actor a token vouches for at a moment, or a `DomainError`."""
PAUSE = timedelta(seconds=5)


class Actors:
    def __init__(self, fetch: FetchKeys, read: ReadToken, clock: Clock) -> None:
        self._fetch, self._read, self._clock = fetch, read, clock
        self._keys: Sequence[Key] = ()
        self._asked: datetime | None = None

    async def verify(self, token: str, at: datetime) -> Actor:
        """The actor `token` vouched for at `at`."""
        try:
            return self._read(token, self._keys, at)
        except DomainError:
            if not self._may_ask():
                raise
        await self._ask()
        return self._read(token, self._keys, at)

    def _may_ask(self) -> bool:
        return self._asked is None or self._clock.now() - self._asked >= PAUSE

    async def _ask(self) -> None:
        self._keys = await self._fetch()
        self._asked = self._clock.now()
