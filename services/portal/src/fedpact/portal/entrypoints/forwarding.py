"""
Identity's public face below the portal's address, so that a hub publishes one port for people and programs.

What may be asked is a table: whatever is not in it does not exist from outside, neither health nor metrics nor what
identity may serve one day. Of a request only the headers named here go on, and no cookie but identity's own: the
browser's login at the portal is none of its business.
"""

from asyncio import timeout
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPMethod

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from fedpact.chassis.problems import problem
from fedpact.portal.app.ports import IDENTITY, Answered, Asked, Identity

GET, POST = HTTPMethod.GET, HTTPMethod.POST
PUBLIC: Sequence[tuple[HTTPMethod, str]] = (
    (GET, "/.well-known/openid-configuration"),
    (GET, "/jwks"),
    (GET, "/authorize"),
    (POST, "/authorize"),
    (GET, "/login/callback"),
    (GET, "/device"),
    (POST, "/device"),
    (POST, "/device_authorization"),
    (POST, "/token"),
    (POST, "/revoke"),
    (GET, "/userinfo"),
    (POST, "/gateways/enroll"),
)
LARGEST = 2**16
"""Bytes of a request: forms, tokens, an enrolment."""
SECONDS = 20.0
"""How long a request may take to arrive."""
PASSED = ("Accept", "Accept-Language", "Authorization", "Content-Type", "Origin", "User-Agent", "traceparent")
COOKIES = ("fedpact-away-", "__Secure-fedpact-away-")
"""How the names of identity's own cookies begin."""
OWN = frozenset(
    {
        "connection",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of an answer that speak of one connection or one server, not of what is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Passes on to identity what the table allows."""

    identity: Identity

    def add_to(self, app: web.Application) -> None:
        """Serve the table below the prefix, and nothing else there."""
        for method, path in PUBLIC:
            add = app.router.add_get if method is GET else app.router.add_post
            add(IDENTITY + path, self._passing(path))
        for path in (IDENTITY, IDENTITY + "/{rest:.*}"):
            app.router.add_route("*", path, _nowhere)

    def _passing(self, path: str) -> Handler:
        async def passed(request: web.Request) -> web.StreamResponse:
            query = request.rel_url.raw_query_string
            asked = Asked(
                method=request.method,
                target=f"{path}?{query}" if query else path,
                headers=headers_of(request),
                body=await _body(request),
            )
            return _answer(await self.identity.ask(asked), whole=request.method != HTTPMethod.HEAD)

        return passed


def headers_of(request: web.BaseRequest) -> Mapping[str, str]:
    """What identity is told of a request: by what name the portal was called, and what the table names."""
    told = {name: request.headers[name] for name in PASSED if name in request.headers}
    held = [cookie.strip() for line in request.headers.getall("Cookie", ()) for cookie in line.split(";")]
    cookies = "; ".join(cookie for cookie in held if cookie.startswith(COOKIES))
    return {"Host": request.host, **told, **({"Cookie": cookies} if cookies else {})}


def headers_back(answered: Answered) -> CIMultiDict[str]:
    """What of an answer's headers is for whoever asked."""
    found = CIMultiDict(answered.headers)
    of_the_connection = {name.strip().lower() for value in found.getall("Connection", ()) for name in value.split(",")}
    return CIMultiDict([one for one in answered.headers if one[0].lower() not in OWN | of_the_connection])


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async with timeout(SECONDS):
            async for part in request.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise web.HTTPRequestEntityTooLarge(LARGEST, len(body))
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the request took too long to arrive: send it again") from error
    return bytes(body)


def _answer(answered: Answered, *, whole: bool) -> web.Response:
    headers = headers_back(answered)
    if whole:
        headers.pop("Content-Length", None)
    return web.Response(status=answered.status, headers=headers, body=answered.body)


async def _nowhere(_: web.Request) -> web.StreamResponse:
    return problem(404, "not_found", "identity answers nothing of that kind to the outside: check path and method")
