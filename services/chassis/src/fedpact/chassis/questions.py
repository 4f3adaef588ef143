"""Questions over the bus: JSON in, JSON out. A refusal is an answer too."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import ValidationError

from fedpact.contracts.envelope import Denied, DomainError, Model, Query

Q = TypeVar("Q", bound=Query[Any])
Ask = Callable[[str, str, str], Awaitable[bytes]]
"""Context, verb and question; the answer. `UnavailableError` when nobody answers in time."""


def replying(kind: type[Q], answer: Callable[[Q], Awaitable[Model]]) -> Callable[[bytes], Awaitable[str]]:
    """`answer` as the bus calls it."""

    async def reply(body: bytes) -> str:
        try:
            said = await answer(kind.model_validate_json(body))
        except ValidationError as error:
            reason = f"the question is no `{kind.__name__}`: {error.error_count()} errors: upgrade who asks"
            said = Denied(slug="malformed", reason=reason)
        except DomainError as error:
            said = Denied(slug=error.slug, reason=error.reason)
        return said.model_dump_json()

    return reply
