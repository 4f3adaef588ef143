"""
What one operation of the HTTP API is.

`roles` are those the edge lets through early (`owner` and `admin` always pass); the context that owns the command
decides, so an empty tuple means that it alone does.
"""

from dataclasses import dataclass
from http import HTTPMethod
from typing import Literal

from fedpact.contracts import api
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.identity import Role

Tag = Literal["hub", "identity", "registry", "policies", "specs", "jobs", "artifacts", "events"]
GET, POST, PATCH, DELETE = HTTPMethod.GET, HTTPMethod.POST, HTTPMethod.PATCH, HTTPMethod.DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `handler` is a method of `Reads`, `Writes` or `Streams` and the operation's id."""

    method: HTTPMethod
    path: str
    summary: str
    handler: str
    tag: Tag
    status: int = 200
    answer: type[Model] | None = None
    body: type[Strict] | None = None
    query: type[Strict] | None = None
    media: str = "application/json"
    roles: tuple[Role, ...] = ()
    public: bool = False
    asks: bool = False
    """A question too long for a path: sent by POST, and changes nothing."""

    @property
    def pattern(self) -> str:
        """The path as the router takes it. A result file's name may hold slashes."""
        return self.path.replace("{name}", "{name:.+}")

    @property
    def write(self) -> bool:
        """Whether it becomes a command."""
        return self.method is not GET and not self.asks

    @property
    def problems(self) -> tuple[int, ...]:
        """Statuses it may refuse with."""
        if self.public:
            return ()
        found = {401, 403, 503}
        if self.path.count("{"):
            found.add(404)
        if self.query or self.body:
            found.add(422)
        if self.asks:
            found |= {409, 413}
        if self.media == "application/octet-stream":
            found |= {410, 416}
        if self.write:
            found |= {404, 408, 409, 413, 422}
        return tuple(sorted(found))


def get(path: str, handler: str, answer: type[Model] | None, tag: Tag, summary: str) -> Route:
    return Route(method=GET, path=path, handler=handler, answer=answer, tag=tag, summary=summary, query=api.ReadQuery)


def listed(path: str, handler: str, answer: type[Model], tag: Tag, summary: str) -> Route:
    return Route(method=GET, path=path, handler=handler, answer=answer, tag=tag, summary=summary, query=api.PageQuery)
