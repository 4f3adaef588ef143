"""
The route table made into an application.

Every answer names its request and carries the headers that keep a browser from guessing; what is refused is a
problem, whoever refused it.
"""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web

from fedpact.chassis.problems import problem
from fedpact.chassis.telemetry import resumed
from fedpact.contracts.api import ConfigView
from fedpact.contracts.envelope import Model
from fedpact.contracts.statuses import status_of
from fedpact.portal.app.queries import Queries
from fedpact.portal.entrypoints.calls import Call, Door
from fedpact.portal.entrypoints.openapi import document
from fedpact.portal.entrypoints.reads import Reads
from fedpact.portal.entrypoints.routes import ROUTES, Route
from fedpact.portal.entrypoints.streams import Streams
from fedpact.portal.entrypoints.writes import Outcome, Writes

Answer = Model | Outcome | web.StreamResponse
Operation = Callable[[Call], Awaitable[Answer]]
SEQUENCE, COMMAND, REQUEST = "Fedpact-Sequence", "Fedpact-Command", "X-Request-Id"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SERVER = {"Server": "fedpact"}
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """All operations behind one door."""

    door: Door
    reads: Reads
    writes: Writes
    streams: Streams
    queries: Queries
    config: ConfigView

    def add_to(self, app: web.Application, routes: Sequence[Route] = ROUTES) -> None:
        """Serve the table's routes in `app`."""
        for route in routes:
            app.router.add_route(route.method.value, route.pattern, self._handler(route))
        app.on_response_prepare.append(_label)
        app.on_shutdown.append(self._close)

    def operation(self, route: Route) -> Operation:
        """The method that carries out a route's operation."""
        for owner in (self.reads, self.writes, self.streams):
            found: Operation | None = getattr(owner, route.handler, None)
            if found is not None:
                return found
        raise LookupError(route.handler)

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        if route.public:
            return self._openapi if route.handler == "openapi" else self._config
        operation = self.operation(route)

        async def handle(request: web.Request) -> web.StreamResponse:
            with resumed(request.headers.get("traceparent")):
                call = await self.door.call(request, route)
                return await self._response(route, call, await operation(call))

        return handle

    async def _response(self, route: Route, call: Call, answer: Answer) -> web.StreamResponse:
        match answer:
            case Outcome():
                return await self._outcome(route, call, answer)
            case Model():
                return _json(answer)
            case _:
                return answer

    async def _outcome(self, route: Route, call: Call, outcome: Outcome) -> web.Response:
        response = await self._settled(route, call, outcome)
        response.headers[COMMAND] = call.command_id
        return response

    async def _settled(self, route: Route, call: Call, outcome: Outcome) -> web.Response:
        settled = outcome.settled
        if settled is None:
            pending = await self.queries.command(call.viewer, call.command_id)
            return _json(pending, status=202, Location=pending.status_url, **{"Retry-After": "2"})
        if outcome.view is None:
            return problem(status_of(settled.slug), settled.slug, settled.reason, path=settled.path)
        response = _json(outcome.view, status=route.status, **{SEQUENCE: settled.token})
        if outcome.location:
            response.headers["Location"] = outcome.location
        return response

    async def _config(self, _: web.Request) -> web.Response:
        return _json(self.config)

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.Response(text=json.dumps(document(ROUTES)), content_type="application/json")

    async def _close(self, _: web.Application) -> None:
        self.streams.feed.close()


def _json(model: Model, *, status: int = 200, **headers: str) -> web.Response:
    return web.Response(text=model.model_dump_json(), status=status, content_type="application/json", headers=headers)


async def _label(request: web.Request, response: web.StreamResponse) -> None:
    asked = request.headers.get(REQUEST, "")
    response.headers[REQUEST] = asked if _REQUEST_ID.match(asked) else uuid4().hex
    response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers} | SERVER)
    if response.status == web.HTTPUnauthorized.status_code:
        response.headers["WWW-Authenticate"] = 'Bearer realm="fedpact"'
    if response.status == web.HTTPServiceUnavailable.status_code:
        response.headers.setdefault("Retry-After", "1")
