"""A bucket's server that does what a test says. It verifies nothing: for that there is a real one (`weed`)."""

import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web

Act = Callable[[web.Request], Awaitable[web.StreamResponse]]
PAGE = 3
SECRET = "SECRET+OF/THE=BUCKET"
BIG = bytes(range(256)) * 4096


@dataclass
class ScriptedS3:
    """`objects` are `bucket/key` -> content. `acts` come before them, one for each request, until they are used up."""

    objects: dict[str, bytes] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Method, raw target and range of each request."""
    port: int = 0
    tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["ScriptedS3"]:
        app = web.Application()
        app.router.add_route("*", "/{anything:[\\s\\S]*}", self.answer)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.tls).start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.raw_path} {request.headers.get('Range', '')}".strip())
        if self.acts:
            return await self.acts.pop(0)(request)
        if "list-type" in request.query:
            return self.listing(request)
        return self.object(request)

    def object(self, request: web.Request) -> web.StreamResponse:
        content = self.objects.get(request.path[1:])
        if content is None:
            return refusal(404, "NoSuchKey")
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        if request.headers.get("If-Match", tag) != tag:
            return refusal(412, "PreconditionFailed")
        part = request.http_range
        headers = {"ETag": tag}
        if part.start is None:
            return web.Response(body=content, headers=headers)
        found = content[part.start : part.stop]
        headers["Content-Range"] = f"bytes {part.start}-{part.start + len(found) - 1}/{len(content)}"
        return web.Response(status=206, body=found, headers=headers)

    def listing(self, request: web.Request) -> web.Response:
        prefix = f"{request.path[1:]}/{request.query['prefix']}"
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        start = int(request.query.get("continuation-token", 0))
        rows = [(key.partition("/")[2], len(self.objects[key])) for key in keys[start : start + PAGE]]
        more = str(start + PAGE) if len(keys) > start + PAGE else ""
        return web.Response(body=listed(rows, more), content_type="application/xml")


def listed(rows: Iterable[tuple[str, int]], more: str = "") -> bytes:
    told = "".join(f"<Contents><Key>{escape(key)}</Key><Size>{size}</Size></Contents>" for key, size in rows)
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    end = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>"
    return f"<ListBucketResult>{end}{token}{told}</ListBucketResult>".encode()


def refusal(status: int, code: str, **headers: str) -> web.Response:
    body = f"<Error><Code>{code}</Code><Message>{SPOKEN}</Message></Error>"
    return web.Response(status=status, text=body, content_type="application/xml", headers=headers)


SPOKEN = "what the server repeats"


def refusing(status: int, code: str = "", **headers: str) -> Act:
    async def act(_: web.Request) -> web.StreamResponse:
        return refusal(status, code, **headers)

    return act


def sending(content: bytes, *, told: int | None = None, status: int = 200, **headers: str) -> Act:
    """Send `content` and close, having told another length."""

    async def act(request: web.Request) -> web.StreamResponse:
        length = len(content) if told is None else told
        response = web.StreamResponse(status=status, headers={"ETag": '"t"', **headers, "Content-Length": str(length)})
        await response.prepare(request)
        if request.method != "HEAD":
            await response.write(content)
        if told is not None and request.transport is not None:
            request.transport.close()
        return response

    return act
