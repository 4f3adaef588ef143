"""What an answer means: a model, a command that is still under way, or an error with a next step. Pure."""

import re
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from fedpact.client.errors import (
    FedpactError,
    LoginExpiredError,
    UnreachableError,
    UnreadableAnswerError,
    refused,
)
from fedpact.client.messages import Response
from fedpact.contracts.api import CommandView, Problem

A = TypeVar("A", bound=BaseModel)
MAX_DETAIL = 4000
PASSING = frozenset({429, 502, 503, 504})
"""Statuses that another try may not have."""
_SECONDS = re.compile(r"^[0-9]{1,4}$")


def read(kind: type[A], response: Response) -> A:
    """The `kind` that the answer holds; raises what it says went wrong."""
    if not response.good:
        raise error_of(response)
    try:
        return kind.model_validate_json(response.body)
    except ValidationError as error:
        raise UnreadableAnswerError(
            f"the answer is not the {kind.__name__} this client knows: check the URL, and that client and hub have"
            " versions that fit"
        ) from error


def pending(response: Response) -> CommandView | None:
    """The command the answer says is still under way."""
    return read(CommandView, response) if response.status == HTTPStatus.ACCEPTED else None


def error_of(response: Response) -> FedpactError:
    """What an unsuccessful answer says went wrong."""
    problem = _problem(response)
    if response.status == HTTPStatus.UNAUTHORIZED:
        return LoginExpiredError(f"{problem.detail if problem else 'the portal does not know you'}: `fedpact login`")
    if problem is not None and response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return refused(problem)
    if problem is not None:
        return UnreachableError(f"the hub cannot do this now ({problem.detail}): try again, then ask its operator")
    if response.status in PASSING:
        return UnreachableError(f"the hub answers {response.status}: try again in a minute")
    return UnreadableAnswerError(
        f"whoever answers there says {response.status} and is no Fedpact portal: check the URL (`--url`, FEDPACT_URL)"
    )


def pause_asked(response: Response) -> float | None:
    """The seconds of `Retry-After`."""
    text = response.headers.get("retry-after", "")
    return float(text) if _SECONDS.match(text) else None


def _problem(response: Response) -> Problem | None:
    try:
        problem = Problem.model_validate_json(response.body)
    except ValidationError:
        return None
    return problem.model_copy(update={"status": response.status, "detail": problem.detail[:MAX_DETAIL]})
