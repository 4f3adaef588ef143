"""Operations on what happens."""

from fedpact.contracts import api
from fedpact.portal.entrypoints.routes.route import GET, Route

EVENTS = (
    Route(
        method=GET,
        path="/v1/events",
        handler="events",
        query=api.EventQuery,
        answer=api.TimelineEntry,
        media="text/event-stream",
        tag="events",
        summary="What happens, as it happens; `Last-Event-ID` goes on where one stopped",
    ),
)
