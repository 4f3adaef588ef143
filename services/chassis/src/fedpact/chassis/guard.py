"""The one place that catches every error: where a failure of one piece of work must not take its neighbours along."""

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def outcome_of(work: Awaitable[T]) -> T | Exception:
    """What `work` brings, or the error it ended with. Cancellation passes."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - see the module docstring
        return error


async def failure_of(work: Awaitable[object]) -> Exception | None:
    """The error `work` ended with, or `None`."""
    outcome = await outcome_of(work)
    return outcome if isinstance(outcome, Exception) else None
