"""
The time axis that all sites share, and why no single row can be told from it.

What two neighbouring risk sets differ by are the rows that end between them. So an interval may only be told of when,
at each site, none of its rows or at least `min_count` of them end in it. A site says where it could cut by itself: its
*cells*, each the first and last (rounded) time of `min_count` rows or a few more that end one after the other. The
server cuts wherever it can be sure for every site, from the cells alone; the site looks again before it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .kit.errors import JobRefusalError, SiteRefusalError
from .kit.table import Matrix

MOST = 400
"""How many intervals there may be: an answer has a matrix for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`min_count` or more rows of one site end from `first` to `last`."""

    first: float
    last: float


def rounded(times: Matrix, unit: float) -> Matrix:
    """The times rounded up to whole units. What is whole but for a float's last digits stays where it is."""
    return np.asarray(np.ceil(np.round(times / unit, 9)) * unit, dtype=np.float64)


def cells_of(times: Matrix, least: int) -> list[Cell]:
    """A site's cells, in order; rows left over at the end belong to the last."""
    ends, counts = np.unique(times, return_counts=True)
    cells: list[Cell] = []
    first, gathered = 0, 0
    for index, count in enumerate(counts):
        gathered += int(count)
        if gathered >= least:
            cells.append(Cell(first=float(ends[first]), last=float(ends[index])))
            first, gathered = index + 1, 0
    if gathered:
        cells[-1] = Cell(first=cells[-1].first, last=float(ends[-1]))
    return cells


def common_edges(sites: Sequence[Sequence[Cell]]) -> list[float]:
    """Where all sites' intervals end: as many as can be sure of, the last after everybody's last row."""
    edges: list[float] = []
    for cut in sorted({cell.last for cells in sites for cell in cells}):
        if all(_sure(cells, edges[-1] if edges else 0.0, cut) for cells in sites):
            edges.append(cut)
    end = max(cell.last for cells in sites for cell in cells)
    while edges and not all(_sure(cells, edges[-1], end) for cells in sites):
        edges.pop()  # what is left after the last cut would be too few rows somewhere
    if not edges or edges[-1] < end:
        edges.append(end)
    if len(edges) > MOST:
        raise JobRefusalError(f"there are {len(edges)} different times; round them with a larger `unit`")
    return edges


def placed(times: Matrix, edges: Sequence[float], least: int) -> "np.typing.NDArray[np.intp]":
    """The interval that each row ends in. Refuses intervals that would tell of fewer than `least` rows."""
    places = np.searchsorted(np.asarray(edges, dtype=np.float64), times)
    counts = np.bincount(places, minlength=len(edges))
    if len(edges) > MOST or len(counts) > len(edges) or ((counts > 0) & (counts < least)).any():
        raise SiteRefusalError(f"an interval would tell of fewer rows than the custodian's `min_count` of {least}")
    return places


def _sure(cells: Sequence[Cell], after: float, until: float) -> bool:
    """Whether a site with these cells surely has none or enough rows that end in (after, until]."""
    touched = [cell for cell in cells if cell.last > after and cell.first <= until]
    return not touched or any(cell.first > after and cell.last <= until for cell in touched)
