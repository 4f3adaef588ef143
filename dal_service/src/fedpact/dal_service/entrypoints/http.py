"""
The data's side: GET and HEAD on `/datasets/{address}` and `/policies/{address}`, and nothing else.

The raw target is read, never the router's decoding of it. Objects are sent as they are: no content coding, no
type guessing, a strong validator, at most one range. Small ones go out in one write with their header, large
files by sendfile. A response that cannot be finished resets its connection instead of ending short.
"""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from fedpact.chassis.http import Check, make_app
from fedpact.chassis.problems import problem
from fedpact.dal_service.app.ports import Opened
from fedpact.dal_service.app.queries import Queries, Ticket
from fedpact.dal_service.app.streams import Streams
from fedpact.dal_service.domain.conditions import Changed, Conditions, NotModified, Part, Unsatisfiable, judge
from fedpact.dal_service.domain.errors import (
    STATUS_OF,
    BadRequestError,
    HeadersTooLargeError,
    MissingError,
    UnauthenticatedError,
)
from fedpact.dal_service.domain.paths import is_folder

DATASETS, POLICIES = "/datasets/", "/policies/"
_ANYTHING = r"{address:[\s\S]*}"
"""For the router alone. What an address is, `domain.paths` says."""
INLINE = 64 * 1024
MOST_HEADERS = 16 * 1024
_BEARER = re.compile(r"bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)", re.IGNORECASE | re.ASCII)
_ON_EVERY_ANSWER = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_LINGER_NOT = struct.pack("ii", 1, 0)


def make_data_app(queries: Queries, streams: Streams, checks: Mapping[str, Check], *, stall: float) -> web.Application:
    """The application that models talk to. `stall`: seconds a reader may take nothing."""
    registry = CollectorRegistry()
    app = make_app(checks=checks, status_of=STATUS_OF, registry=registry)
    doors = Doors(
        queries=queries,
        streams=streams,
        stall=int(stall * 1000),
        answers=Counter("fedpact_dal_answers", "Answers by status", ["status"], registry=registry),
        sent=Counter("fedpact_dal_sent_bytes", "Bytes of objects that answers began to send", registry=registry),
    )
    app.router.add_get(DATASETS + _ANYTHING, doors.datasets)
    app.router.add_get(POLICIES + _ANYTHING, doors.policies)
    app.on_response_prepare.append(doors.finish)
    app.on_shutdown.append(doors.close)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    queries: Queries
    streams: Streams
    stall: int
    answers: Counter
    sent: Counter

    async def datasets(self, request: web.Request) -> web.StreamResponse:
        ticket = self._ticket(request, DATASETS)
        with self.streams.hold(ticket):
            if is_folder(ticket.place.address):
                return _json(await self.queries.entries(ticket))
            asked = _conditions(request)
            opened = await self.queries.open(ticket, whole=request.method == "GET" and asked == Conditions())
            try:
                return await self._answer(request, asked, opened)
            finally:
                opened.close()

    async def policies(self, request: web.Request) -> web.StreamResponse:
        return _json(self.queries.policies(self._ticket(request, POLICIES)))

    async def finish(self, request: web.Request, response: web.StreamResponse) -> None:
        """What every answer carries."""
        response.headers.update(_ON_EVERY_ANSWER)
        if response.status == web.HTTPUnauthorized.status_code:
            response.headers["WWW-Authenticate"] = "Bearer"
        if request.body_exists:
            response.force_close()
            response.headers["Connection"] = "close"
        self.answers.labels(str(response.status)).inc()

    async def close(self, _: web.Application) -> None:
        """No download keeps the process from stopping; its client asks again for the rest."""
        self.streams.end()

    def _ticket(self, request: web.Request, route: str) -> Ticket:
        if sum(len(name) + len(value) + 4 for name, value in request.raw_headers) > MOST_HEADERS:
            raise HeadersTooLargeError(f"the headers are longer than {MOST_HEADERS} bytes: send fewer")
        if request.body_exists:
            raise BadRequestError("a request for data has no body: leave it out")
        ticket = self.queries.ticket(_token(request), request.raw_path, route)
        _option(request, socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self.stall)
        return ticket

    async def _answer(self, request: web.Request, asked: Conditions, opened: Opened) -> web.StreamResponse:
        headers = {"ETag": opened.tag, "Accept-Ranges": "bytes"}
        status, start, length = 200, 0, opened.size
        match judge(asked, opened.tag, opened.size):
            case NotModified():
                return web.Response(status=304, headers=headers)
            case Changed():
                return problem(412, "changed", "the object is not the one you know: ask for it anew")
            case Unsatisfiable():
                refusal = problem(416, "range_behind_the_end", "the range begins behind the end of the object")
                refusal.headers["Content-Range"] = f"bytes */{opened.size}"
                return refusal
            case Part(start, length):
                status = 206
                headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{opened.size}"
        headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
        if request.method == "HEAD":
            return web.Response(status=status, headers=headers)
        self.sent.inc(length)
        if length <= INLINE:
            return _inline(await opened.read(start, length), length, status, headers)
        response = web.StreamResponse(status=status, headers=headers)
        await _send(opened, _Wire(request, response), Part(start, length))
        return response


@dataclass(frozen=True, slots=True)
class _Wire:
    """The client's connection, behind the headers."""

    request: web.Request
    response: web.StreamResponse

    async def write(self, chunk: bytes) -> None:
        await self.response.write(chunk)

    async def sendfile(self, file: BinaryIO, offset: int, count: int) -> int:
        if self.request.transport is None:
            raise ConnectionResetError
        return await asyncio.get_running_loop().sendfile(self.request.transport, file, offset, count)


async def _send(opened: Opened, wire: _Wire, part: Part) -> None:
    """Send all of `part` or reset the connection: nobody shall take a piece for the whole."""
    whole = False
    try:
        await wire.response.prepare(wire.request)
        whole = await opened.send(wire, part.start, part.length)
    except OSError:
        return  # the reader went away or stalled, or the storage did: not worth a line each
    finally:
        if not whole and wire.request.transport is not None:
            _option(wire.request, socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            wire.request.transport.abort()


def _inline(body: bytes, length: int, status: int, headers: Mapping[str, str]) -> web.Response:
    if len(body) != length:
        raise MissingError
    return web.Response(body=body, status=status, headers=headers)


def _json(value: object) -> web.Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(body=body, content_type="application/json")


def _token(request: web.Request) -> str:
    """The one bearer token in the one place where it may be."""
    found = request.headers.getall("Authorization", [])
    matched = _BEARER.fullmatch(found[0]) if len(found) == 1 else None
    if matched is None:
        raise UnauthenticatedError
    return matched[1]


def _conditions(request: web.Request) -> Conditions:
    def field(name: str) -> str | None:
        return ", ".join(request.headers.getall(name, [])) or None

    part = field("Range") if request.method == "GET" else None
    return Conditions(
        if_match=field("If-Match"), if_none_match=field("If-None-Match"), if_range=field("If-Range"), range=part
    )


def _option(request: web.Request, level: int, name: int, value: int | bytes) -> None:
    """Set a socket option on the connection, unless it is gone."""
    if request.transport is not None:
        with suppress(OSError):
            request.transport.get_extra_info("socket").setsockopt(level, name, value)
