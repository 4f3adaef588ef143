"""
The server's part, without FLARE: scaling, intervals, then Newton's steps until the likelihood is at its top.

A step that makes the likelihood smaller is halved. It ends when another step would gain next to nothing, and without a
result when it does not get there: a likelihood without a maximum has no regression.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erfc, exp, sqrt

import numpy as np

from . import wire
from .intervals import common_edges
from .kit.errors import JobRefusalError
from .kit.moments import Moments, merged
from .kit.table import Matrix
from .partial_likelihood import Slope, Sums, added, baseline_of, slope_of

Ask = Callable[[str, dict[str, object]], Mapping[str, wire.Message]]
Told = Callable[[int, float], None]
GAIN = 1e-10
"""Of the log likelihood, relative to its size: less is no step."""
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """What the payload asks for."""

    columns: Mapping[str, object]
    unit: float
    rounds: int
    l2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What comes of it; `beta` is of standardised features."""

    features: tuple[str, ...]
    moments: Moments
    edges: tuple[float, ...]
    beta: Matrix
    covariance: Matrix
    sums: Sums
    likelihoods: tuple[float, ...]
    """Without features, then after each step."""

    def coefficients(self) -> dict[str, dict[str, float]]:
        """On the features' own scale."""
        errors = np.sqrt(np.diag(self.covariance))
        stddev = _stddev(self.moments)
        values = zip(self.features, (self.beta / stddev).tolist(), (errors / stddev).tolist(), strict=True)
        return {name: _estimate(value, error) for name, value, error in values}

    def document(self) -> dict[str, object]:
        """The model as a file that needs no library to read: hazard ratio = exp(sum of estimate * (x - mean))."""
        return {
            "kind": "cox-regression",
            "ties": "breslow",
            "rows": self.moments.count,
            "events": int(self.sums.events.sum()),
            "coefficients": self.coefficients(),
            "mean": dict(zip(self.features, self.moments.mean.tolist(), strict=True)),
            "baseline": {"time": list(self.edges), "cumulative_hazard": baseline_of(self.sums).tolist()},
            "log_likelihood": self.likelihoods[-1],
            "log_likelihood_null": self.likelihoods[0],
        }


@dataclass(slots=True, kw_only=True)
class _Search:
    """Newton's method over exchanges."""

    ask: Ask
    shared: Mapping[str, object]
    intervals: int
    features: int
    l2: float

    def at(self, beta: Matrix) -> tuple[Sums, Slope]:
        answers = self.ask("risk", {**self.shared, "beta": beta.tolist()})
        sums = added([wire.sums_in(answer, self.intervals, self.features) for answer in answers.values()])
        return sums, slope_of(sums, beta, self.l2)


def solve(asked: Regression, ask: Ask, told: Told) -> Solved:
    """The regression over all sites; `told` hears the log likelihood after each step."""
    features, moments = _described(ask("describe", {"columns": dict(asked.columns)}))
    edges = common_edges([wire.cells_in(answer["cells"]) for answer in ask("times", {"unit": asked.unit}).values()])
    shared = {"mean": moments.mean.tolist(), "stddev": _stddev(moments).tolist(), "edges": edges}
    search = _Search(ask=ask, shared=shared, intervals=len(edges), features=len(features), l2=asked.l2)
    beta = np.zeros(len(features))
    sums, slope = search.at(beta)
    likelihoods, step = [slope.value], _step(slope)
    for number in range(1, asked.rounds + 1):
        tried, (new_sums, new) = beta + step, search.at(beta + step)
        if new.value < slope.value - GAIN * abs(slope.value):
            step = step / 2
            continue
        gained, beta, sums, slope = new.value - slope.value, tried, new_sums, new
        likelihoods.append(slope.value)
        told(number, slope.value)
        step = _step(slope)
        if gained <= GAIN * abs(slope.value):
            return Solved(
                features=features,
                moments=moments,
                edges=tuple(edges),
                beta=beta,
                covariance=np.asarray(np.linalg.inv(slope.information), dtype=np.float64),
                sums=sums,
                likelihoods=tuple(likelihoods),
            )
    raise JobRefusalError(f"{asked.rounds} steps did not reach the maximum; allow more `num_rounds`, or set `l2`")


def _step(slope: Slope) -> Matrix:
    values, vectors = np.linalg.eigh(slope.information)
    if values[0] <= 1e-9 * max(float(values[-1]), 1.0):
        raise JobRefusalError(
            "a feature is constant, linear in others, or separates the events; leave it out or set `l2`"
        )
    return np.asarray((vectors / values) @ (vectors.T @ slope.gradient), dtype=np.float64)


def _described(answers: Mapping[str, wire.Message]) -> tuple[tuple[str, ...], Moments]:
    found = {site: wire.names(answer["features"]) for site, answer in answers.items()}
    features = next(iter(found.values()))
    for site, names in found.items():
        if names != features:
            raise JobRefusalError(f"site `{site}` has other columns than the rest; name the common ones in `features`")
    return features, merged([wire.moments_in(answer, len(features)) for answer in answers.values()])


def _stddev(moments: Moments) -> Matrix:
    deviation = moments.stddev()
    return np.where(deviation > 0, deviation, 1.0)


def _estimate(value: float, error: float) -> dict[str, float]:
    z = value / error
    return {
        "estimate": value,
        "std_error": error,
        "hazard_ratio": exp(value),
        "low": exp(value - Z95 * error),
        "high": exp(value + Z95 * error),
        "z": z,
        "p": erfc(abs(z) / sqrt(2)),
    }
