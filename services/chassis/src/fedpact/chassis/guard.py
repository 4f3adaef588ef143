"""The one place that catches every error: where a failure of one piece of work must not take its neighbours along."""

from collections.abc import Awaitable


async def failure_of(work: Awaitable[object]) -> Exception | None:
    """The error `work` ended with, or `None`. Cancellation passes."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - see the module docstring
        return error
    return None
