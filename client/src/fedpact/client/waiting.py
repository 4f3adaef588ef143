"""
Waiting for a spec or a job: told by the federation where it can, asking where it cannot.

One look tells how it stands. What takes longer is listened for: every event about the spec, and every sign of life of
the stream, is a reason to look again. Without a stream it looks again and again, less and less often; the last seconds
too, so that a deadline is kept to the second and not to the next sign of life.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from fedpact.client import operations
from fedpact.client.errors import FedpactError, TimedOutError
from fedpact.client.flows import opened
from fedpact.client.messages import NoAnswer, Request
from fedpact.client.steps import Flow, Line, Pause, Show
from fedpact.client.way import Way
from fedpact.contracts.api import EventQuery, JobView, SpecView

V = TypeVar("V", SpecView, JobView)
FIRST, LONGEST = 0.1, 2.0
"""Seconds between two looks without a stream."""
LISTEN = 0.5
"""What is over sooner needs no stream."""
SILENCE = 20.0
"""A stream that lives says so every fifteen seconds."""
AGAIN = 30.0
"""Seconds before a stream that was refused, or broke off, is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Generic[V]):
    """What is waited for. `done` may raise, when it will never be; `late` is raised in the end."""

    look: Request[V]
    done: Callable[[V], bool]
    late: Callable[[V], TimedOutError]
    told: Callable[[V], str]
    timeout: float


def wait(way: Way, waiting: Waiting[V]) -> Flow[V]:
    """What is looked at, once it is as it was waited for."""
    deadline, pause, ears = way.elapsed() + waiting.timeout, FIRST, _Ears(way)
    while True:
        seen = yield from way.flow(waiting.look)
        yield Show(waiting.told(seen))
        if waiting.done(seen):
            return seen
        left = deadline - way.elapsed()
        if left <= 0:
            raise waiting.late(seen)
        if pause >= LISTEN and left > SILENCE and (yield from ears.heard(seen.spec_id)):
            continue
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, LONGEST)


@dataclass(slots=True)
class _Ears:
    """The stream of one wait: closed at first, and whenever nobody tells anything."""

    way: Way
    listening: bool = False
    again: float = 0.0

    def heard(self, spec_id: str) -> Flow[bool]:
        """Whether to look at once. A stream that just opened is a reason: what came before it is not told."""
        if not self.listening:
            return (yield from self._opened(spec_id))
        while isinstance(line := (yield Line()), str):
            if not line:
                return True
        self.listening = False
        return False

    def _opened(self, spec_id: str) -> Flow[bool]:
        if self.way.elapsed() < self.again:
            return False
        self.again = self.way.elapsed() + AGAIN
        query = operations.events_query(EventQuery(spec=spec_id))
        try:
            found = yield from opened(operations.EVENTS, query=query, headers=operations.EVENT_HEADERS, silence=SILENCE)
        except FedpactError:
            return False
        self.listening = not isinstance(found, NoAnswer)
        return self.listening
