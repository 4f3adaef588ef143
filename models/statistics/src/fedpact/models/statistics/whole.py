"""
What all sites together say: their moments and histograms merged, column by column.

Pure, so that the numbers can be checked without a federation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from .kit.errors import JobRefusalError
from .kit.moments import Moments, merged

Answer = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What all sites together said of each column; `None` where nobody was asked."""

    columns: tuple[str, ...]
    count: int | None
    total: list[float] | None
    moments: Moments | None


def whole_of(answers: Mapping[str, Answer]) -> Whole:
    """The sites' moments merged. All have to speak of the same columns."""
    first = next(iter(answers.values()))
    columns = cast("list[str]", first["columns"])
    for site, answer in answers.items():
        if set(cast("list[str]", answer["columns"])) != set(columns):
            raise JobRefusalError(f"site `{site}` has other columns than the rest; name the common ones in `columns`")
    parts = [_ordered(answer, columns) for answer in answers.values()]
    counted = [cast("int", part["count"]) for part in parts if "count" in part]
    totals = [cast("list[float]", part["sum"]) for part in parts if "sum" in part]
    moments = merged([_moments(part) for part in parts]) if "deviations" in first else None
    return Whole(
        columns=tuple(columns),
        count=sum(counted) if counted else None,
        total=np.sum(totals, axis=0).tolist() if totals else None,
        moments=moments,
    )


def counts_of(answers: Mapping[str, Answer]) -> dict[str, list[int]]:
    """The sites' histograms added up."""
    parts = [cast("dict[str, list[int]]", answer["counts"]) for answer in answers.values()]
    return {name: np.sum([part[name] for part in parts], axis=0).tolist() for name in parts[0]}


def result_of(whole: Whole, functions: frozenset[str], histograms: Mapping[str, object]) -> dict[str, object]:
    """What was asked for, column by column, over all sites."""
    columns: dict[str, dict[str, object]] = {}
    deviation = None if whole.moments is None else whole.moments.stddev(ddof=1).tolist()
    for index, name in enumerate(whole.columns):
        said: dict[str, object] = {}
        if "count" in functions:
            said["count"] = whole.count
        if "sum" in functions and whole.total is not None:
            said["sum"] = whole.total[index]
        if "mean" in functions and whole.total is not None and whole.count:
            said["mean"] = whole.total[index] / whole.count
        if "stddev" in functions and deviation is not None:
            said["stddev"] = deviation[index]
        if name in histograms:
            said["histogram"] = histograms[name]
        columns[name] = said
    return {"scope": "global", "columns": columns}


def _ordered(answer: Answer, columns: Sequence[str]) -> Answer:
    own = cast("list[str]", answer["columns"])
    places = [own.index(name) for name in columns]
    vectors = {name: answer[name] for name in ("sum", "deviations") if name in answer}
    turned = {name: [cast("list[float]", vector)[place] for place in places] for name, vector in vectors.items()}
    return {**answer, **turned}


def _moments(part: Answer) -> Moments:
    count = cast("int", part["count"])
    total = np.array(cast("list[float]", part["sum"]))
    return Moments(count=count, mean=total / count, deviations=np.array(cast("list[float]", part["deviations"])))
