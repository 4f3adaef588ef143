"""
The demo's data: the Wisconsin breast-cancer table, split into two hospitals and a held-out part.

Which row goes where follows from a seed, so that every run trains and tests on the same rows. No numerical package
is needed here: the pooled reference is the same regression, trained in plain Python on the rows of both hospitals
together.
"""

import csv
import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel

TARGET = "target"
HELD_OUT = 0.2
SEED = 7
STEPS = 300
RATE = 0.5
Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Column names and rows of numbers."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def csv(self) -> str:
        """As CSV with a line of names."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()

    def write(self, path: Path) -> None:
        """The same, in a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.csv(), newline="")

    def both(self) -> tuple[list[Row], list[int]]:
        """Features and target apart."""
        at = self.columns.index(TARGET)
        return [(*row[:at], *row[at + 1 :]) for row in self.rows], [int(row[at]) for row in self.rows]


class Scaling(BaseModel):
    """What standardises raw columns."""

    mean: tuple[float, ...]
    stddev: tuple[float, ...]


class TrainedModel(BaseModel):
    """`model.json`, as far as it takes to predict with it: score = intercept + weights . (x - mean) / stddev."""

    features: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float
    scaling: Scaling

    def accuracy(self, table: Table) -> float:
        """The share of `table`'s rows it gets right."""
        order = [table.columns.index(name) for name in self.features]
        at = table.columns.index(TARGET)
        hits = [self._positive([row[i] for i in order]) == bool(row[at]) for row in table.rows]
        return sum(hits) / len(hits)

    def _positive(self, row: Sequence[float]) -> bool:
        scaled = ((x - m) / s for x, m, s in zip(row, self.scaling.mean, self.scaling.stddev, strict=True))
        return self.intercept + sum(w * x for w, x in zip(self.weights, scaled, strict=True)) > 0


def load() -> Table:
    """The whole table."""
    text = files("fedpact.infra").joinpath("demo_data/wdbc.csv").read_text()
    names, *rows = csv.reader(text.splitlines())
    return Table(tuple(names), tuple(tuple(float(cell) for cell in row) for row in rows))


def split(table: Table, sites: int) -> tuple[Table, tuple[Table, ...]]:
    """A held-out part, and what each of `sites` hospitals has."""
    rows = list(table.rows)
    random.Random(SEED).shuffle(rows)  # noqa: S311 - which row goes where is no secret
    cut = int(len(rows) * HELD_OUT)
    parts = tuple(Table(table.columns, tuple(rows[cut + n :: sites])) for n in range(sites))
    return Table(table.columns, tuple(rows[:cut])), parts


def pooled(parts: Sequence[Table]) -> TrainedModel:
    """The regression as if all rows lay in one place: what federation is compared with."""
    table = Table(parts[0].columns, tuple(row for part in parts for row in part.rows))
    features, target = table.both()
    columns = list(zip(*features, strict=True))
    mean = tuple(math.fsum(column) / len(column) for column in columns)
    stddev = tuple(_deviation(column, m) for column, m in zip(columns, mean, strict=True))
    scaled = [tuple((x - m) / s for x, m, s in zip(row, mean, stddev, strict=True)) for row in features]
    weights, intercept = _descend(scaled, target)
    names = tuple(name for name in table.columns if name != TARGET)
    scaling = Scaling(mean=mean, stddev=stddev)
    return TrainedModel(features=names, weights=weights, intercept=intercept, scaling=scaling)


def _descend(rows: Sequence[Row], target: Sequence[int]) -> tuple[Row, float]:
    weights, intercept = [0.0] * len(rows[0]), 0.0
    for _ in range(STEPS):
        scores = (intercept + sum(map(float.__mul__, weights, row)) for row in rows)
        errors = [1 / (1 + math.exp(-max(-30.0, min(30.0, s)))) - y for s, y in zip(scores, target, strict=True)]
        slopes = [sum(map(float.__mul__, errors, column)) / len(rows) for column in zip(*rows, strict=True)]
        weights = [w - RATE * slope for w, slope in zip(weights, slopes, strict=True)]
        intercept -= RATE * sum(errors) / len(rows)
    return tuple(weights), intercept


def _deviation(column: Sequence[float], mean: float) -> float:
    return math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column)) or 1.0
