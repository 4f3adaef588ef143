"""
HTTP as every service speaks it: health, readiness, metrics, and errors as `application/problem+json`.

A domain error becomes a status by its slug, once, in the table a service gives. Nothing else of an error reaches
the caller: an unexpected one is a 500 with an id that is in the log.
"""

import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from opentelemetry import propagate
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import ValidationError

from fedpact.chassis.errors import NotFoundError, UnavailableError
from fedpact.chassis.guard import outcome_of
from fedpact.chassis.http_door import Door
from fedpact.chassis.problems import problem
from fedpact.chassis.sockets import private_listener
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.mistakes import misfits

Check = Callable[[], Awaitable[str | None]]
"""What is wrong, or `None`."""
MAX_BODY = 2**20
log = logging.getLogger(__name__)


def make_app(
    *,
    checks: Mapping[str, Check],
    status_of: Mapping[str, int] | None = None,
    registry: CollectorRegistry | None = None,
    tracer: TracerProvider | None = None,
) -> web.Application:
    """An application with `/healthz`, `/readyz`, `/metrics` and problem+json. `status_of`: slug -> HTTP status."""
    tracing = [_traced(tracer)] if tracer else []
    app = web.Application(middlewares=[*tracing, _problems(status_of or {})], client_max_size=MAX_BODY)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready(checks))
    app.router.add_get("/metrics", _metrics(registry or CollectorRegistry()))
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int, local: Path | None = None) -> AsyncIterator[int]:
    """Serve `app`, with `local` on that Unix socket too, for this user alone; yields the port it listens on."""
    runner = Door(app)
    await runner.setup()
    site = web.TCPSite(runner, host, port, reuse_address=True)
    try:
        await site.start()
        taken: int = runner.addresses[0][1]
        if local:
            await web.SockSite(runner, private_listener(local)).start()
        yield taken
    finally:
        await runner.cleanup()
        if local:
            local.unlink(missing_ok=True)  # noqa: ASYNC240 - at the end of the process


async def _alive(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


def _ready(checks: Mapping[str, Check]) -> Handler:
    async def ready(_: web.Request) -> web.StreamResponse:
        found = {name: await check() for name, check in checks.items()}
        wrong = {name: text for name, text in found.items() if text}
        if wrong:
            return problem(503, "not_ready", "; ".join(wrong.values()), failing=sorted(wrong))
        return web.json_response({"status": "ready", "checks": sorted(found)})

    return ready


def _metrics(registry: CollectorRegistry) -> Handler:
    async def metrics(_: web.Request) -> web.StreamResponse:
        return web.Response(body=generate_latest(registry), content_type="text/plain", charset="utf-8")

    return metrics


def _traced(tracer: TracerProvider) -> Middleware:
    spans = tracer.get_tracer("fedpact.http")

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        """One span a request, part of the caller's trace when it names one."""
        route = request.match_info.route.resource
        name = f"{request.method} {route.canonical if route else 'unknown'}"
        with spans.start_as_current_span(name, context=propagate.extract(dict(request.headers)), kind=SpanKind.SERVER):
            return await handler(request)

    return middleware


def _problems(status_of: Mapping[str, int]) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        outcome = await outcome_of(handler(request))
        return refusal(outcome, request, status_of) if isinstance(outcome, Exception) else outcome

    return middleware


def refusal(error: Exception, request: web.Request, status_of: Mapping[str, int]) -> web.StreamResponse:
    """The problem an error is told as; a redirect passes on as the error it is."""
    match error:
        case DomainError():
            return problem(status_of.get(error.slug, 409), error.slug, error.reason, path=error.path)
        case NotFoundError():
            return problem(404, "not_found", f"`{error}` does not exist")
        case ValidationError():
            return _malformed(error)
        case UnavailableError():
            return problem(503, "unavailable", f"{error}; try again in a moment")
        case web.HTTPException():
            return _plain(error)
        case _:
            return _unexpected(error, request)


def _unexpected(error: Exception, request: web.Request) -> web.Response:
    """A traceback is for the log; the caller gets the mark to find it there."""
    mark = uuid.uuid4().hex[:12]
    log.error("unexpected error %s on %s %s", mark, request.method, request.path, exc_info=error)
    return problem(500, "unexpected", f"this is our fault; the log has it under `{mark}`", mark=mark)


def _malformed(error: ValidationError) -> web.Response:
    told = [{"path": one.path, "text": _TO_DO.get(one.kind, one.text)} for one in misfits(error)[:20]]
    return problem(422, "malformed", f"{told[0]['text']} at `{told[0]['path'] or 'body'}`", errors=told)


_TO_DO = {"missing": "it is missing: add it", "extra_forbidden": "nothing of that name belongs here: leave it out"}
"""What is wrong with a member and what to do about it, where pydantic's words do not say so."""


def _plain(error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:  # noqa: PLR2004 - redirects are answers, not problems
        raise error
    slug = (error.reason or "error").lower().replace(" ", "_")
    return problem(error.status, slug, (error.text or error.reason or "").removeprefix(f"{error.status}: ").lower())
