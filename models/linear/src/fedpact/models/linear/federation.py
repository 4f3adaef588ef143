"""The server's part, without FLARE: one exchange for the scaling, one for the products, then the solution."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from . import wire
from .kit.errors import JobRefusalError
from .kit.moments import merged
from .least_squares import Fit, fitted, scaling_of

Ask = Callable[[str, dict[str, object]], Mapping[str, wire.Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """What the payload asks for."""

    target: str
    features: tuple[str, ...]
    l2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What comes of it."""

    asked: Regression
    features: tuple[str, ...]
    fit: Fit

    def document(self) -> dict[str, object]:
        """The model as a file that needs no library to read: prediction = intercept + sum of estimate * column."""
        fit = self.fit
        errors = [None] * len(self.features) if fit.std_errors is None else fit.std_errors.tolist()
        rows = zip(self.features, fit.coefficients.tolist(), errors, strict=True)
        return {
            "kind": "linear-regression",
            "target": self.asked.target,
            "l2": self.asked.l2,
            "rows": fit.rows,
            "degrees_of_freedom": fit.degrees_of_freedom,
            "intercept": _estimate(fit.intercept, fit.intercept_error),
            "coefficients": {name: _estimate(value, error) for name, value, error in rows},
            **self.metrics(),
        }

    def metrics(self) -> dict[str, float]:
        return {"r_squared": self.fit.r_squared, "residual_stddev": self.fit.residual_stddev}


def solve(asked: Regression, ask: Ask) -> Solved:
    """The regression over all sites."""
    described = ask("describe", {"target": asked.target, "features": list(asked.features)})
    features = _common_features(described)
    columns = len(features) + 1
    moments = merged([wire.moments_in(answer, columns) for answer in described.values()])
    scaling = scaling_of(moments)
    answers = ask("products", {"mean": scaling.mean.tolist(), "stddev": scaling.stddev.tolist()})
    products = np.sum([wire.numbers(answer["products"], columns, columns) for answer in answers.values()], axis=0)
    return Solved(asked=asked, features=features, fit=fitted(products, scaling, moments.count, asked.l2))


def _estimate(value: float, error: float | None) -> dict[str, float]:
    if error is None:
        return {"estimate": value}
    return {"estimate": value, "std_error": error, **({"t": value / error} if error > 0 else {})}


def _common_features(answers: Mapping[str, wire.Message]) -> tuple[str, ...]:
    found = {site: wire.names(answer["features"]) for site, answer in answers.items()}
    first = next(iter(found.values()))
    for site, names in found.items():
        if names != first:
            raise JobRefusalError(f"site `{site}` has other columns than the rest; name the common ones in `features`")
    return first
