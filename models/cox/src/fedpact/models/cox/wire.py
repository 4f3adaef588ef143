"""The model's values as exchanges carry them: plain numbers and lists, the same on both sides, checked on arrival."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from .intervals import MOST, Cell
from .kit.errors import JobRefusalError
from .kit.moments import Moments
from .kit.table import Matrix
from .partial_likelihood import Sums

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


def names(value: object) -> tuple[str, ...]:
    return tuple(cast("list[str]", value))


def moments_out(moments: Moments) -> dict[str, object]:
    return {"count": moments.count, "mean": moments.mean.tolist(), "deviations": moments.deviations.tolist()}


def moments_in(message: Message, columns: int) -> Moments:
    return Moments(
        count=count(message["count"]),
        mean=numbers(message["mean"], columns),
        deviations=numbers(message["deviations"], columns),
    )


def cells_out(cells: Sequence[Cell]) -> list[list[float]]:
    return [[cell.first, cell.last] for cell in cells]


def cells_in(value: object) -> list[Cell]:
    """A site's cells: one at the least, one after the other, none before 0."""
    rows = cast("list[object]", value) if isinstance(value, list) else []
    if not 1 <= len(rows) <= MOST:
        raise JobRefusalError(f"a site has none or more than {MOST} different times; round them with a larger `unit`")
    ends = numbers(rows, len(rows), 2)
    if ends[0, 0] <= 0 or (np.diff(ends.ravel()) < 0).any() or (ends[1:, 0] <= ends[:-1, 1]).any():
        raise JobRefusalError("a site answered with times that are in no order")
    return [Cell(first=float(first), last=float(last)) for first, last in ends]


def edges_in(value: object) -> list[float]:
    """Where the intervals end."""
    rows = cast("list[object]", value) if isinstance(value, list) else []
    edges = numbers(rows, len(rows))
    if not 1 <= len(rows) <= MOST or (np.diff(edges) <= 0).any():
        raise JobRefusalError(f"an exchange carries intervals that are in no order, or not 1 to {MOST} of them")
    return [float(edge) for edge in edges]


def sums_out(sums: Sums) -> dict[str, object]:
    return {
        "events": sums.events.tolist(),
        "of_events": sums.of_events.tolist(),
        "hazard": sums.hazard.tolist(),
        "first": sums.first.tolist(),
        "second": sums.second.tolist(),
    }


def sums_in(message: Message, intervals: int, columns: int) -> Sums:
    return Sums(
        events=numbers(message["events"], intervals),
        of_events=numbers(message["of_events"], columns),
        hazard=numbers(message["hazard"], intervals),
        first=numbers(message["first"], intervals, columns),
        second=numbers(message["second"], intervals, columns, columns),
    )
