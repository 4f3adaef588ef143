"""What a service answered to a question: the answer, its refusal, or nothing that can be read."""

from typing import TypeVar

from pydantic import ValidationError

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import Denied, DomainError, Model
from fedpact.portal.domain.errors import DeniedError, GoneError, NotThereError

A = TypeVar("A", bound=Model)


def read_answer(kind: type[A], answer: bytes, context: str) -> A:
    """The answer as `kind`; raises what was said instead of it."""
    try:
        return kind.model_validate_json(answer)
    except ValidationError as error:
        raise _refusal(answer, context) from error


def _refusal(answer: bytes, context: str) -> DomainError | UnavailableError:
    try:
        denied = Denied.model_validate_json(answer)
    except ValidationError:
        return UnavailableError(f"`{context}` gave an answer that cannot be read")
    match denied.slug:
        case "unknown_artifact":
            return NotThereError(denied.reason)
        case "artifact_deleted":
            return GoneError(denied.reason)
        case _:
            return DeniedError(denied.reason)
