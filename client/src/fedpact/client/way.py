"""What every way to a portal has in common, however it carries requests: patience, a clock, and keys for writes."""

from collections.abc import Callable
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel

from fedpact.client import flows
from fedpact.client.errors import InputError
from fedpact.client.flows import Patience
from fedpact.client.messages import Request
from fedpact.client.steps import Flow
from fedpact.contracts.api import KEY_PATTERN

A = TypeVar("A", bound=BaseModel)


class Way:
    """A way to one portal, as one account. Its `repr` names the portal and nothing secret."""

    def __init__(self, url: str, patience: Patience, elapsed: Callable[[], float]) -> None:
        self.url, self.elapsed = url, elapsed
        self._patience = patience

    def flow(self, request: Request[A]) -> Flow[A]:
        """The answer to one request, as a part of a longer flow."""
        return flows.call(request, self._patience, self.elapsed)

    @staticmethod
    def key(given: str | None = None) -> str:
        """The idempotency key of a write: one's own, or a new one."""
        if given and not KEY_PATTERN.match(given):
            raise InputError("an idempotency key has 1 to 200 printable ASCII characters, no space at its ends")
        return given or str(uuid4())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"
