"""
Logistic regression over standardised columns: local gradient steps, their average, and how good it is.

Pure numpy, so that a whole federation can be played in one function. Columns are standardised with the moments of all
sites together: raw columns differ by orders of magnitude, and scaling by each site's own would train on different
columns at each site.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .kit.errors import JobRefusalError, SiteRefusalError
from .kit.moments import Moments
from .kit.table import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What standardises raw columns. A constant column is left with deviation 1."""

    mean: Matrix
    stddev: Matrix

    def apply(self, rows: Matrix) -> Matrix:
        return (rows - self.mean) / self.stddev


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A model over standardised columns."""

    weights: Matrix
    intercept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How a site trains between two averages: full-batch gradient steps with an L2 penalty on the weights."""

    learning_rate: float
    local_epochs: int
    l2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How a model does on some rows."""

    rows: int
    correct: int
    loss_sum: float

    @property
    def metrics(self) -> dict[str, float]:
        return {"accuracy": self.correct / self.rows, "loss": self.loss_sum / self.rows}


def scaling_of(moments: Moments) -> Scaling:
    """The scaling that the rows behind `moments` ask for."""
    deviation = moments.stddev()
    return Scaling(mean=moments.mean, stddev=np.where(deviation > 0, deviation, 1.0))


def untrained(columns: int) -> Weights:
    return Weights(weights=np.zeros(columns), intercept=0.0)


def binary(target: Matrix, name: str) -> Matrix:
    """The target, if it holds nothing but 0 and 1."""
    if not np.isin(target, (0.0, 1.0)).all():
        raise SiteRefusalError(f"the target column `{name}` holds other values than 0 and 1")
    return target


def trained(start: Weights, rows: Matrix, target: Matrix, steps: Steps) -> Weights:
    """The model after this site's steps on its standardised rows."""
    weights, intercept = start.weights, start.intercept
    for _ in range(steps.local_epochs):
        error = _probability(rows @ weights + intercept) - target
        weights = weights - steps.learning_rate * (rows.T @ error / len(target) + steps.l2 * weights)
        intercept -= steps.learning_rate * float(error.mean())
    return Weights(weights=weights, intercept=intercept)


def quality_of(model: Weights, rows: Matrix, target: Matrix) -> Quality:
    """How `model` does on a site's standardised rows."""
    score = rows @ model.weights + model.intercept
    loss = np.logaddexp(0.0, score) - target * score
    return Quality(rows=len(target), correct=int(((score > 0) == (target > 0)).sum()), loss_sum=float(loss.sum()))


def averaged(parts: Sequence[tuple[int, Weights]]) -> Weights:
    """FedAvg: the sites' models, each weighted by its rows. Raises `JobRefusalError` when training diverged."""
    total = sum(rows for rows, _ in parts)
    weights = np.sum([rows * part.weights for rows, part in parts], axis=0) / total
    intercept = sum(rows * part.intercept for rows, part in parts) / total
    if not (np.isfinite(weights).all() and np.isfinite(intercept)):
        raise JobRefusalError("training diverged; lower `learning_rate`")
    return Weights(weights=np.asarray(weights, dtype=np.float64), intercept=float(intercept))


def overall(parts: Sequence[Quality]) -> Quality:
    """The sites' qualities together, as if their rows were in one place."""
    return Quality(
        rows=sum(part.rows for part in parts),
        correct=sum(part.correct for part in parts),
        loss_sum=sum(part.loss_sum for part in parts),
    )


def _probability(score: Matrix) -> Matrix:
    return np.asarray(np.exp(-np.logaddexp(0.0, -score)), dtype=np.float64)
