"""The model's values as exchanges carry them: plain numbers and lists, the same on both sides, checked on arrival."""

from collections.abc import Mapping
from typing import cast

import numpy as np

from .kit.errors import JobRefusalError
from .kit.moments import Moments
from .kit.table import Matrix

Message = Mapping[str, object]


def numbers(value: object, *shape: int) -> Matrix:
    """An array of that shape. Raises `JobRefusalError` for anything else: whoever sent it is a stranger."""
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise JobRefusalError("an exchange carries something that is no array of numbers") from fault
    if found.shape != shape or not np.isfinite(found).all():
        raise JobRefusalError("an exchange carries an array of another shape, or numbers that are not finite")
    return found


def count(value: object) -> int:
    """A number of rows."""
    if type(value) is not int or value < 1:
        raise JobRefusalError("an exchange carries a number of rows that is none")
    return value


def moments_out(moments: Moments) -> dict[str, object]:
    return {"count": moments.count, "mean": moments.mean.tolist(), "deviations": moments.deviations.tolist()}


def moments_in(message: Message, columns: int) -> Moments:
    return Moments(
        count=count(message["count"]),
        mean=numbers(message["mean"], columns),
        deviations=numbers(message["deviations"], columns),
    )


def names(value: object) -> tuple[str, ...]:
    return tuple(cast("list[str]", value))
