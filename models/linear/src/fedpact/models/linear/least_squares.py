"""
Least squares from sums over rows: what is needed of them is the product of every two standardised columns.

Columns are standardised with the moments of all sites together. That makes the products well conditioned (the condition
of raw products is the square of the table's) and the ridge penalty the same for every column.
"""

from dataclasses import dataclass

import numpy as np

from .kit.errors import JobRefusalError
from .kit.moments import Moments
from .kit.table import Matrix

LEAST_EIGENVALUE = 1e-12
"""Of the features' correlations; below it some of them are linear in others, to what a float can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What standardises raw columns; the target is the last one. A constant column is left with deviation 1."""

    mean: Matrix
    stddev: Matrix

    def apply(self, rows: Matrix) -> Matrix:
        return (rows - self.mean) / self.stddev


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A regression on the columns' own scale. Errors are those of ordinary least squares; ridge has none."""

    rows: int
    intercept: float
    coefficients: Matrix
    std_errors: Matrix | None
    intercept_error: float | None
    residual_stddev: float
    r_squared: float

    @property
    def degrees_of_freedom(self) -> int:
        return self.rows - len(self.coefficients) - 1


def scaling_of(moments: Moments) -> Scaling:
    """The scaling that the rows behind `moments` ask for."""
    deviation = moments.stddev()
    return Scaling(mean=moments.mean, stddev=np.where(deviation > 0, deviation, 1.0))


def products_of(rows: Matrix) -> Matrix:
    """The product of every two columns of a site's standardised rows."""
    return np.asarray(rows.T @ rows, dtype=np.float64)


def fitted(products: Matrix, scaling: Scaling, rows: int, l2: float) -> Fit:
    """The regression of the last column on the others. Raises `JobRefusalError` when there is none."""
    features, moment, square = products[:-1, :-1], products[:-1, -1], float(products[-1, -1])
    inverse = _inverse(features / rows + l2 * np.eye(len(moment))) / rows
    standard = inverse @ moment
    residual = max(square - float(standard @ (2 * moment - features @ standard)), 0.0)
    freedom = rows - len(moment) - 1
    if freedom < 1:
        raise JobRefusalError(f"{rows} rows are too few for {len(moment)} features")
    mean, stddev = scaling.mean[:-1], scaling.stddev[:-1]
    coefficients = standard * scaling.stddev[-1] / stddev
    deviation = float(np.sqrt(residual / freedom) * scaling.stddev[-1])
    covariance = inverse / np.outer(stddev, stddev) * deviation**2
    return Fit(
        rows=rows,
        intercept=float(scaling.mean[-1] - coefficients @ mean),
        coefficients=np.asarray(coefficients, dtype=np.float64),
        std_errors=np.sqrt(np.diag(covariance)) if l2 == 0 else None,
        intercept_error=float(np.sqrt(deviation**2 / rows + mean @ covariance @ mean)) if l2 == 0 else None,
        residual_stddev=deviation,
        r_squared=1 - residual / square if square > 0 else 0.0,
    )


def _inverse(matrix: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < LEAST_EIGENVALUE * max(float(values[-1]), 1.0):
        raise JobRefusalError("a feature is constant or linear in others; leave it out, or set `l2`")
    return np.asarray((vectors / values) @ vectors.T, dtype=np.float64)
