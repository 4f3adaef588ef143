"""
A site's table: named numeric columns, every cell a finite number.

Models do not guess what a missing or textual cell means. They stop and name the column, never the cell.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import SiteRefusalError

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of numbers under column names."""

    columns: tuple[str, ...]
    rows: Matrix

    def column(self, name: str) -> Matrix:
        return self.rows[:, self.columns.index(name)]

    def __len__(self) -> int:
        return int(self.rows.shape[0])


def read_table(contents: Sequence[bytes], columns: Sequence[str] = ()) -> Table:
    """The CSV files as one table of `columns` (all of the first file's when none are named), one below the other."""
    parts = [_decoded(content) for content in contents]
    wanted = tuple(columns) or _header(parts[0])
    rows = np.vstack([_numbers(text, wanted) for text in parts])
    return Table(columns=wanted, rows=rows)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise SiteRefusalError("a dataset is not a CSV file in UTF-8") from fault


def _header(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in next(csv.reader(io.StringIO(text)), []))
    if not names or not all(names):
        raise SiteRefusalError("a dataset does not begin with a line of column names")
    if len(set(names)) != len(names):
        raise SiteRefusalError("a dataset names a column twice")
    return names


def _numbers(text: str, wanted: tuple[str, ...]) -> Matrix:
    header = _header(text)
    for name in wanted:
        if name not in header:
            raise SiteRefusalError(f"the table has no column `{name}`")
    places = [header.index(name) for name in wanted]
    rows = _loaded(text, places)
    if rows is None:
        bad = [name for name, place in zip(wanted, places, strict=True) if _loaded(text, [place]) is None]
        named = f"the column `{bad[0]}` holds" if bad else "a row has"
        raise SiteRefusalError(f"{named} missing or non-numeric cells; clean the table or leave the column out")
    if not len(rows):
        raise SiteRefusalError("the table has no rows")
    return rows


def _loaded(text: str, places: list[int]) -> Matrix | None:
    body = io.StringIO(text)
    next(csv.reader(body), None)
    if not body.read(1):
        return np.empty((0, len(places)))
    body.seek(0)
    try:
        rows = np.loadtxt(body, delimiter=",", skiprows=1, usecols=places, ndmin=2, comments=None, quotechar='"')
    except ValueError:
        return None
    return rows if np.isfinite(rows).all() else None
