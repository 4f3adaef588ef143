"""Events as they happen, without a break that is not told: where a stream ended, the next one goes on."""

from collections.abc import Callable, Iterator

from pydantic import ValidationError

from fedpact.client import operations
from fedpact.client.errors import UnreachableError, UnreadableAnswerError
from fedpact.client.events import GAP, Frame, Reader
from fedpact.client.hub import EVENTS_TIMEOUT, Hub
from fedpact.contracts.api import EventQuery, TimelineEntry

GIVE_UP = 120.0
"""Seconds without any answer after which listening ends with an error."""
MAX_PAUSE = 15.0


def listen(
    hub: Hub, query: EventQuery, *, last_id: str = "", on_gap: Callable[[], None] | None = None
) -> Iterator[TimelineEntry]:
    """
    Events from now on, or from behind `last_id`, for as long as one listens.

    `on_gap` is called when more was missed than is told again: what one keeps has to be read anew.
    """
    reader = Reader(last_id=last_id)
    heard, pause = hub.clock.elapsed(), 0.0
    while True:
        try:
            for frame in _frames(hub, query, reader):
                heard, pause = hub.clock.elapsed(), 0.0
                if frame is not None and frame.kind == GAP:
                    _tell(on_gap)
                elif frame is not None:
                    yield _entry(frame)
        except UnreadableAnswerError:
            raise
        except UnreachableError:
            pause = min(max(pause * 2, reader.retry), MAX_PAUSE)
            if hub.clock.elapsed() - heard >= GIVE_UP:
                raise
        hub.clock.sleep(max(pause, reader.retry))


def _frames(hub: Hub, query: EventQuery, reader: Reader) -> Iterator[Frame | None]:
    """Frames of one stream; `None` for a sign of life."""
    reader.restart()
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": reader.last_id} if reader.last_id else {})
    parameters = operations.events_query(query)
    with hub.stream(operations.EVENTS, query=parameters, headers=headers, timeout=EVENTS_TIMEOUT) as response:
        for line in response.iter_lines():
            yield reader.feed(line)


def _entry(frame: Frame) -> TimelineEntry:
    try:
        return TimelineEntry.model_validate_json(frame.data)
    except ValidationError as error:
        raise UnreadableAnswerError("an event cannot be read: update this client, or ask the hub's operator") from error


def _tell(on_gap: Callable[[], None] | None) -> None:
    if on_gap is not None:
        on_gap()
