"""
Count, mean and sum of squared deviations of many columns at once, and how sites' ones merge.

Squared deviations from the own mean instead of squares: sums of squares lose all digits when a column is far from
zero (Chan, Golub, LeVeque 1983).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .table import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Of one or more sites: rows, and per column the mean and the sum of squared deviations from it."""

    count: int
    mean: Matrix
    deviations: Matrix

    def stddev(self, *, ddof: int = 0) -> Matrix:
        """Per column; of a sample when `ddof` is 1. Not defined for fewer rows than that."""
        return np.asarray(np.sqrt(self.deviations / max(self.count - ddof, 1)), dtype=np.float64)


def moments_of(rows: Matrix) -> Moments:
    """The moments of one site's rows."""
    mean = rows.mean(axis=0)
    return Moments(count=len(rows), mean=mean, deviations=((rows - mean) ** 2).sum(axis=0))


def merged(parts: Sequence[Moments]) -> Moments:
    """The moments of all rows together, as if they had been in one place."""
    count = sum(part.count for part in parts)
    weights = np.array([[part.count / count] for part in parts])
    means = np.array([part.mean for part in parts])
    mean = (weights * means).sum(axis=0)
    deviations = sum(part.deviations + part.count * (part.mean - mean) ** 2 for part in parts)
    return Moments(count=count, mean=mean, deviations=np.asarray(deviations, dtype=np.float64))
