"""
What a page is: an entry of a table, a handler, and the view it answers with.

A handler gets the desk (everything the portal can do, the same functions as behind the API) and the visit (who asks
and what). It answers with a view, with another place to go, or with a response that it wrote itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPMethod
from typing import TypeVar

from aiohttp import web

from fedpact.chassis.clock import Clock
from fedpact.contracts.api import ConfigView
from fedpact.contracts.envelope import Actor, Model, Strict
from fedpact.contracts.identity import Role
from fedpact.portal.app.feed import Feed
from fedpact.portal.app.queries import Queries
from fedpact.portal.entrypoints.calls import Call
from fedpact.portal.entrypoints.pages.forms import Form
from fedpact.portal.entrypoints.pages.look import Look
from fedpact.portal.entrypoints.reads import Reads
from fedpact.portal.entrypoints.routes import ROUTES
from fedpact.portal.entrypoints.streams import Streams
from fedpact.portal.entrypoints.writes import Writes

GET, POST = HTTPMethod.GET, HTTPMethod.POST
M = TypeVar("M", bound=Strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A template with what it shows. `status` is the HTTP status."""

    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go there."""

    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a page can do."""

    queries: Queries
    reads: Reads
    writes: Writes
    streams: Streams
    feed: Feed
    clock: Clock
    look: Look
    config: ConfigView
    first_step: str = ""
    """What to do where nothing is there yet."""

    def json(self, model: Model) -> web.Response:
        """Data for a script of ours."""
        return web.Response(text=model.model_dump_json(), content_type="application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """
    One request of somebody who is logged in.

    `partial` asks for the part that changes, not for the whole page; `seen` is how far the journal was when it came.
    """

    call: Call
    form: Form
    csrf: str = field(repr=False)
    partial: bool = False
    seen: str = ""

    @property
    def viewer(self) -> Actor:
        return self.call.viewer

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.call.path(name)

    def asked(self, kind: type[M]) -> M:
        """The query, which the table of pages declares to be of `kind`."""
        return self.call.asked(kind)

    def sends(self, body: Strict | None = None) -> Call:
        """The call an operation of the API takes, with `body`."""
        return replace(self.call, body=body)


Answer = View | Redirect | web.StreamResponse
Handler = Callable[[Desk, Visit], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    One page. `roles` are those it is for; owners and admins always pass, an empty tuple is everybody.

    `menu` names it in the navigation; `query` is what its address may ask.
    """

    path: str
    handler: Handler
    method: HTTPMethod = GET
    query: type[Strict] | None = None
    roles: tuple[Role, ...] = ()
    menu: str = ""


def roles_of(operation: str) -> tuple[Role, ...]:
    """The roles an operation of the API is for: its page is for the same."""
    return next(route.roles for route in ROUTES if route.handler == operation)
