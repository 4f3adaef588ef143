"""
From an HTTP request to a call: who asks, what exactly, checked once and before anything is done.

JSON has one meaning (duplicate keys and NaN are refused), unknown members and parameters are mistakes, and the body
is read whatever its content type says, for clients that send none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import web

from fedpact.chassis.clock import Clock
from fedpact.contracts import strict_json
from fedpact.contracts.api import KEY_PATTERN, ReadQuery
from fedpact.contracts.envelope import Actor, Strict
from fedpact.contracts.identity import Role
from fedpact.portal.app.feed import Feed
from fedpact.portal.app.orders import Orders, command_id_of
from fedpact.portal.app.ports import Verify
from fedpact.portal.domain.errors import ForbiddenError, MalformedRequestError, NotLoggedInError, WrongChannelError
from fedpact.portal.entrypoints.routes import Route

M = TypeVar("M", bound=Strict)
KEY = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One request by somebody known. `command_id` is what its command is called, if it becomes one.

    A `repeatable` request has a key that its sender chose, so it may have come before.
    """

    request: web.Request
    viewer: Actor
    command_id: str
    token: str = field(repr=False)
    query: Strict | None = None
    body: Strict | None = None
    repeatable: bool = False

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def asked(self, kind: type[M]) -> M:
        """The query, which the route table declares to be of `kind`."""
        assert isinstance(self.query, kind)
        return self.query

    def sent(self, kind: type[M]) -> M:
        """The body, which the route table declares to be of `kind`."""
        assert isinstance(self.body, kind)
        return self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where every request comes in."""

    verify: Verify
    orders: Orders
    feed: Feed
    clock: Clock
    channel: str

    async def call(self, request: web.Request, route: Route) -> Call:
        """The request as a call; a `DomainError` when it may not come in."""
        token = _bearer(request)
        viewer = await self.admit(token, route.roles)
        query = await self.asked(_query(request) if route.query else {}, route.query)
        body = await _body(request, route.body) if route.body else None
        key = _key(request) if route.write else None
        return Call(
            request=request,
            viewer=viewer,
            token=token,
            query=query,
            body=body,
            command_id=command_id_of(viewer.user, key),
            repeatable=key is not None,
        )

    async def admit(self, token: str, roles: Sequence[Role]) -> Actor:
        """Whom the token vouches for, with one of the roles that are asked for; the one check of API and pages."""
        viewer = await self.verify(token, self.clock.now())
        if viewer.channel != self.channel:
            raise WrongChannelError(f"this hub serves the channel `{self.channel}`: log in there")
        if not may_enter(viewer, roles):
            wanted = " or ".join(f"`{role.value}`" for role in roles)
            asked = "the federation's admin" if Role.ADMIN in roles else "the owner of your organization"
            raise ForbiddenError(f"this needs the role {wanted}: ask {asked}")
        return viewer

    async def asked(self, parameters: Mapping[str, str], kind: type[Strict] | None) -> Strict | None:
        """The query as `kind`, once the read model is as new as the query wants."""
        query = kind.model_validate(parameters) if kind else None
        if isinstance(query, ReadQuery) and query.min_sequence:
            await self.orders.seen(query.min_sequence)
            await self.feed.advance()
        return query


def may_enter(viewer: Actor, roles: Sequence[Role]) -> bool:
    """Whether `viewer` has one of the roles; owners and admins always pass, and everybody where none is named."""
    return not roles or viewer.has(*roles, Role.OWNER, Role.ADMIN)


async def _body(request: web.Request, kind: type[M]) -> M:
    text = await request.read()
    return kind.model_validate(strict_json.loads(text or b"{}"))


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotLoggedInError("log in first: the request needs an `Authorization: Bearer` header with an access token")
    return token.strip()


def _query(request: web.Request) -> Mapping[str, str]:
    """The parameters, each said once: of two that differ nobody knows which one was meant."""
    said = dict(request.query)
    if len(said) < len(request.query):
        twice = next(name for name in said if len(request.query.getall(name)) > 1)
        raise MalformedRequestError(f"`{twice}` is given more than once: give it once", path=twice)
    return said


def _key(request: web.Request) -> str | None:
    key = request.headers.get(KEY)
    if key is not None and not KEY_PATTERN.match(key):
        raise MalformedRequestError(
            "an `Idempotency-Key` has 1 to 200 printable ASCII characters, no space at its ends", path="Idempotency-Key"
        )
    return key
