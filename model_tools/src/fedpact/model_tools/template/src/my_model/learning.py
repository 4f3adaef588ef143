"""The learning itself: linear regression by gradient steps. No federation in here, so it can be tried anywhere."""

from collections.abc import Sequence

import numpy as np

from .kit.table import Matrix

LOCAL_STEPS = 10
"""How many steps a site takes between two averages."""


def untrained(columns: int) -> Matrix:
    """A model is its weights, the intercept first."""
    return np.zeros(columns + 1)


def prediction(model: Matrix, rows: Matrix) -> Matrix:
    """What the model says of each row."""
    return np.asarray(rows @ model[1:] + model[0], dtype=np.float64)


def squared_error(model: Matrix, rows: Matrix, target: Matrix) -> float:
    """The sum over the rows; divided by their number it is the loss."""
    return float(((prediction(model, rows) - target) ** 2).sum())


def trained(model: Matrix, rows: Matrix, target: Matrix, *, learning_rate: float) -> Matrix:
    """The model after a site's steps on its own rows."""
    for _ in range(LOCAL_STEPS):
        error = prediction(model, rows) - target
        gradient = np.concatenate([[error.mean()], rows.T @ error / len(target)])
        model = model - learning_rate * gradient
    return model


def averaged(parts: Sequence[tuple[int, Matrix]]) -> Matrix:
    """The sites' models, each weighted by its rows."""
    total = sum(rows for rows, _ in parts)
    return np.asarray(np.sum([rows * model for rows, model in parts], axis=0) / total, dtype=np.float64)
