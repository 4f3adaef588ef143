"""Requests and answers as values: what is sent and what came back, whichever transport carries it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[A]):
    """
    One operation of the API. `answer` is the model of what comes back.

    A write has a `key`, its Idempotency-Key: sent again it is the same command, and gets the same answer.
    """

    method: str
    path: str
    answer: type[A]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    key: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method == "GET" or bool(self.key)

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.body:
            headers["Content-Type"] = "application/json"
        if self.key:
            headers["Idempotency-Key"] = self.key
        return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of statuses that means success


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back, and why."""

    cause: str
