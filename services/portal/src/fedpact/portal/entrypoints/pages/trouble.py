"""
Errors as pages: what went wrong in a sentence, and what to do next.

The statuses and slugs are the API's. Of an unexpected error nobody sees more than the mark it has in the log.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from fedpact.chassis.http import refusal
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.statuses import status_of
from fedpact.portal.domain.errors import RefusedError

UNAUTHORIZED, FORBIDDEN = 401, 403
STATUS_UNPROCESSABLE = 422
TITLES: Mapping[int, str] = {
    400: "That did not arrive whole",
    401: "You are not logged in",
    403: "You may not do this",
    404: "Not found",
    405: "Not like this",
    408: "That took too long",
    409: "Not possible right now",
    413: "Too large",
    422: "Something is not right yet",
    503: "Not reachable right now",
}
NEXT: Mapping[int, str] = {
    401: "Log in and try again.",
    403: "What you may do is on the pages that the menu leads to.",
    404: "Look at the list, or ask whoever gave you the link.",
    408: "Go back and send it again.",
    409: "Go back, look at the current state, and try again.",
    422: "Go back and correct it.",
    503: "Try again in a moment. Nothing was lost.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What an error page says."""

    status: int
    slug: str
    text: str
    path: str = ""

    @property
    def title(self) -> str:
        return TITLES.get(self.status, "This did not work")

    @property
    def advice(self) -> str:
        return NEXT.get(self.status, "Go back and try again; if it stays like this, tell who runs this hub.")


def is_forbidden(error: Exception) -> bool:
    """Whether no other content of the form would help: that is told on a page of its own."""
    return isinstance(error, RefusedError) and status_of(error.code) == FORBIDDEN


def trouble_of(error: Exception, request: web.Request) -> Trouble:
    """The trouble an error is told as; a redirect passes on."""
    match error:
        case RefusedError():
            return Trouble(status=status_of(error.code), slug=error.code, text=error.reason, path=error.path)
        case DomainError():
            return Trouble(status=status_of(error.slug), slug=error.slug, text=error.reason, path=error.path)
        case _:
            told = refusal(error, request, {})
            assert isinstance(told, web.Response)
            body = json.loads(told.text or "{}")
            return Trouble(status=told.status, slug=body["slug"], text=body["detail"])
