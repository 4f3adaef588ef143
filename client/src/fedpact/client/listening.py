"""Events as they happen, without a break that is not told: where a stream ended, the next one goes on."""

from collections.abc import Callable

from pydantic import ValidationError

from fedpact.client import operations
from fedpact.client.errors import UnreachableError, UnreadableAnswerError
from fedpact.client.events import GAP, Frame, Reader
from fedpact.client.flows import opened
from fedpact.client.messages import NoAnswer
from fedpact.client.steps import Flow, Line, Pause, Tell, Telling
from fedpact.client.way import Way
from fedpact.contracts.api import EventQuery, TimelineEntry

GIVE_UP = 120.0
"""Seconds without any answer after which listening ends with an error."""
MAX_PAUSE = 15.0
SILENCE = 45.0
"""A stream that lives says so every fifteen seconds."""


def listen(
    way: Way, query: EventQuery, *, last_id: str = "", on_gap: Callable[[], None] | None = None
) -> Telling[TimelineEntry]:
    """
    Events from now on, or from behind `last_id`, for as long as one listens.

    `on_gap` is called when more was missed than is told again: what one keeps has to be read anew.
    """
    reader = Reader(last_id=last_id)
    heard, pause = way.elapsed(), 0.0
    while True:
        broken = yield from _connected(query, reader)
        while broken is None and (line := (yield Line())) is not None:
            if not isinstance(line, str):
                broken = _broken(line)
                break
            heard, pause = way.elapsed(), 0.0
            frame = reader.feed(line)
            if frame is not None and frame.kind != GAP:
                yield Tell(_entry(frame))
            elif frame is not None and on_gap is not None:
                on_gap()
        if broken is not None:
            pause = min(max(pause * 2, reader.retry), MAX_PAUSE)
            if way.elapsed() - heard >= GIVE_UP:
                raise broken
        yield Pause(max(pause, reader.retry))


def _connected(query: EventQuery, reader: Reader) -> Flow[UnreachableError | None]:
    """Why there is no stream now; another one may come. A refusal is raised."""
    reader.restart()
    headers = operations.EVENT_HEADERS | ({"Last-Event-ID": reader.last_id} if reader.last_id else {})
    try:
        found = yield from opened(
            operations.EVENTS, query=operations.events_query(query), headers=headers, silence=SILENCE
        )
    except UnreadableAnswerError:
        raise
    except UnreachableError as error:
        return error
    return _broken(found) if isinstance(found, NoAnswer) else None


def _broken(reply: object) -> UnreachableError:
    cause = reply.cause if isinstance(reply, NoAnswer) else "the stream broke off"
    return UnreachableError(f"{cause}: try again")


def _entry(frame: Frame) -> TimelineEntry:
    try:
        return TimelineEntry.model_validate_json(frame.data)
    except ValidationError as error:
        raise UnreadableAnswerError("an event cannot be read: update this client, or ask the hub's operator") from error
