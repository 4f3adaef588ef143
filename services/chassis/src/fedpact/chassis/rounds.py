"""
What is news for many aggregates, told to each of them in turn.

A handler has half a minute, and nothing bounds how many aggregates one message concerns. A few are told at once. For
more, who is to be told is written down in one document under what the news is about, and the timer tells them, some
at a time: a crash leaves on the list whoever may not have been told. Telling twice has to be harmless. Who is listed
anew while being told stays on the list, so that the last to be told has heard the newest.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime

from fedpact.chassis.aggregates import Aggregates, Cause, Kind
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.contracts.envelope import Envelope, Fact

log = logging.getLogger(__name__)
AT_ONCE = 25
"""How many the handler tells itself: so few that even a slow store is through with them in its time."""
BATCH = 100
"""How many are told between two looks at the other timers."""
AGAIN = timedelta(seconds=30)
"""The pause before those are told again of whom none could be."""
Tell = Callable[[str, str, Cause], Awaitable[None]]
"""Tells one aggregate the news: what it is about, the aggregate's key, and the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Who is still to be told, the next one first. `number` counts how often somebody was listed."""

    number: int = 0
    waiting: tuple[str, ...] = ()
    envelope: Envelope | None = None
    origin: str = ""
    """The stream the news came on."""
    at: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """When to go on."""
        return self.at if self.waiting else None


class Listed(Fact):
    """News for many has come. A service's own memory and never published, hence no type."""

    about: str
    keys: tuple[str, ...]
    envelope: Envelope | None
    origin: str
    at: AwareDatetime

    @property
    def key(self) -> str:
        return self.about


class Told(Fact):
    """Some of those on the list were told, and some of them in vain: they come last. Never published either."""

    about: str
    keys: tuple[str, ...]
    in_vain: tuple[str, ...]
    at: AwareDatetime

    @property
    def key(self) -> str:
        return self.about


def evolve(known: Round | None, fact: Fact) -> Round:
    """The round after `fact`."""
    known = known or Round()
    match fact:
        case Listed():
            waiting = (*fact.keys, *_without(known.waiting, fact.keys))
            return Round(
                number=known.number + 1, waiting=waiting, envelope=fact.envelope, origin=fact.origin, at=fact.at
            )
        case Told():
            return replace(known, waiting=(*_without(known.waiting, fact.keys), *fact.in_vain), at=fact.at)
        case _:
            raise TypeError(f"`{type(fact).__name__}` is not about a round")


ROUNDS: Final = Kind(source="rounds", state=Round, evolve=evolve, due=lambda known: known.due, silent=True)


class Rounds:
    """The rounds of one service. Whoever begins one goes on with it when its timer is due, and tells the same."""

    def __init__(self, kept: Aggregates[Round], *, at_once: int = AT_ONCE, batch: int = BATCH) -> None:
        self._kept, self._at_once, self._batch = kept, at_once, batch

    async def begin(self, about: str, keys: Sequence[str], tell: Tell, cause: Cause) -> None:
        """Have all of `keys` told, the first of them first."""
        if len(keys) > self._at_once:
            listed = Listed(about=about, keys=tuple(keys), envelope=cause.envelope, origin=cause.stream, at=cause.now)
            await self._kept.change(about, lambda _: [listed], cause)
            return
        for key in keys:
            await tell(about, key, cause)

    async def go_on(self, about: str, tell: Tell, cause: Cause) -> None:
        """Tell the next ones."""
        known = await self._kept.get(about)
        keys = known.waiting[: self._batch]
        news = Cause(now=cause.now, envelope=known.envelope, stream=known.origin)
        in_vain = tuple([key for key in keys if not await _was_told(tell(about, key, news), key)])
        at = cause.now + AGAIN if in_vain == keys else cause.now
        told = Told(about=about, keys=keys, in_vain=in_vain, at=at)
        await self._kept.change(about, lambda found: [told] if found and found.number == known.number else [], cause)


async def _was_told(telling: Awaitable[None], key: str) -> bool:
    failure = await failure_of(telling)
    if isinstance(failure, UnavailableError):
        raise failure
    if failure is not None:
        log.error("%s could not be told, and will be again: %r", key, failure)
    return failure is None


def _without(keys: Sequence[str], gone: Sequence[str]) -> tuple[str, ...]:
    left = set(gone)
    return tuple(key for key in keys if key not in left)
