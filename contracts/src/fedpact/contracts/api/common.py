"""What the requests and answers of the HTTP API have in common: pages, problems, read-your-writes."""

import re
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import Id

V = TypeVar("V", bound=Model)


KEY_PATTERN = re.compile(r"^[!-~](?:[ -~]{0,198}[!-~])?\Z")
"""An `Idempotency-Key`."""


Generation = Annotated[int, Field(ge=0)]


Name = Annotated[str, Field(min_length=1, max_length=200)]


class ReadQuery(Strict):
    """`min_sequence` is the `Fedpact-Sequence` of an earlier answer: this answer is at least as new."""

    min_sequence: (
        Annotated[str, Field(pattern=r"^[a-z0-9_./-]+:[A-Za-z0-9_./@-]+:[0-9]{1,15}$", max_length=200)] | None
    ) = None


class PageQuery(ReadQuery):
    """Pages are counted from 0."""

    page: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


class Page(Model, Generic[V]):
    """One page of a list; `total` counts all that match."""

    page: int
    page_size: int
    total: int
    items: tuple[V, ...]

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__.removesuffix('View').removesuffix('Summary')}Page"


class MemberProblem(Model):
    path: str
    text: str


class Problem(Model):
    """RFC 9457. `slug` is the stable code, `detail` is for a person, `path` the failing member."""

    type: str
    title: str
    status: int
    slug: str
    detail: str
    path: str = ""
    errors: tuple[MemberProblem, ...] = ()


class CreatorView(Model):
    user: Id
    organization: Id
    email: str | None = None
