"""
The partial likelihood of Cox (1972), ties after Breslow (1974), from sums over risk sets.

For each interval: how many events, and over the rows at risk the sums of exp(xb), x exp(xb) and xx' exp(xb). Sums of
sites add up to those of all rows, so the server takes the step it would take with all rows in one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kit.errors import JobRefusalError
from .kit.table import Matrix

LARGEST = 50.0
"""The largest |xb| there is an exponential for; beyond it the likelihood has no maximum that could be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of one or more sites at one value of the coefficients; `n` intervals, `p` features."""

    events: Matrix
    """(n) events in each interval."""
    of_events: Matrix
    """(p) the features of those with an event, summed over all of them."""
    hazard: Matrix
    """(n) exp(xb) over the rows at risk."""
    first: Matrix
    """(n, p) x exp(xb)."""
    second: Matrix
    """(n, p, p) xx' exp(xb)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """The log likelihood (less the penalty), its gradient, and the observed information."""

    value: float
    gradient: Matrix
    information: Matrix


def sums_at(beta: Matrix, rows: Matrix, happened: NDArray[np.bool_], places: NDArray[np.intp], intervals: int) -> Sums:
    """A site's sums; `places` are the intervals its rows end in."""
    weights = np.exp(np.clip(rows @ beta, -LARGEST, LARGEST))
    columns = rows.shape[1]
    hazard, first, second = (np.zeros((intervals, *shape)) for shape in ((), (columns,), (columns, columns)))
    np.add.at(hazard, places, weights)
    np.add.at(first, places, weights[:, None] * rows)
    np.add.at(second, places, weights[:, None, None] * rows[:, :, None] * rows[:, None, :])
    return Sums(
        events=np.bincount(places[happened], minlength=intervals).astype(np.float64),
        of_events=np.asarray(rows[happened].sum(axis=0), dtype=np.float64),
        hazard=_at_risk(hazard),
        first=_at_risk(first),
        second=_at_risk(second),
    )


def added(parts: Sequence[Sums]) -> Sums:
    """The sums over all sites."""
    return Sums(
        events=np.sum([part.events for part in parts], axis=0),
        of_events=np.sum([part.of_events for part in parts], axis=0),
        hazard=np.sum([part.hazard for part in parts], axis=0),
        first=np.sum([part.first for part in parts], axis=0),
        second=np.sum([part.second for part in parts], axis=0),
    )


def slope_of(sums: Sums, beta: Matrix, l2: float) -> Slope:
    """What the sums say of the likelihood at `beta`."""
    with_events = sums.events > 0
    events, hazard = sums.events[with_events], sums.hazard[with_events]
    if (hazard <= 0).any():
        raise JobRefusalError("sites answered with events and nobody at risk")
    mean = sums.first[with_events] / hazard[:, None]
    spread = sums.second[with_events] / hazard[:, None, None] - mean[:, :, None] * mean[:, None, :]
    penalty = l2 * float(sums.events.sum())
    return Slope(
        value=float(sums.of_events @ beta - events @ np.log(hazard)) - penalty / 2 * float(beta @ beta),
        gradient=sums.of_events - events @ mean - penalty * beta,
        information=np.tensordot(events, spread, axes=1) + penalty * np.eye(len(beta)),
    )


def baseline_of(sums: Sums) -> Matrix:
    """Breslow's cumulative hazard of a row with every standardised feature 0, at the end of each interval."""
    steps = np.divide(sums.events, sums.hazard, out=np.zeros_like(sums.events), where=sums.hazard > 0)
    return np.asarray(np.cumsum(steps), dtype=np.float64)


def _at_risk(ending: Matrix) -> Matrix:
    """Sums over those that end in an interval become sums over those at risk in it: all that end then or later."""
    return np.asarray(np.cumsum(ending[::-1], axis=0)[::-1], dtype=np.float64)
