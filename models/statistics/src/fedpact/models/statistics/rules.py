"""
What the custodian lets a statistic say, decided at the site from the policy that came with the data.

Deny by default: a function that no policy names is refused. Of several datasets at a site the narrowest policy
counts: functions that every one allows, the largest `min_count`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .kit.dal import Policy
from .kit.errors import SiteRefusalError
from .kit.table import Matrix

FUNCTIONS = ("count", "sum", "mean", "stddev", "histogram")
EVERY = "*"
DEFAULT_MIN_COUNT = 5
MOST_BINS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The functions a site computes and the fewest rows it speaks of."""

    functions: frozenset[str]
    min_count: int

    def allow(self, functions: Collection[str]) -> None:
        """Refuse functions the custodian does not allow."""
        if unknown := sorted(set(functions) - set(FUNCTIONS)):
            raise SiteRefusalError(f"`{unknown[0]}` is not a function of this model")
        for name in FUNCTIONS:
            if name in functions and name not in self.functions:
                raise SiteRefusalError(f"the custodian's policy does not allow `{name}`")

    def speak_of(self, rows: int) -> None:
        """Refuse to speak of fewer rows than the custodian wants."""
        if rows < self.min_count:
            raise SiteRefusalError(f"the table has fewer rows than the custodian's `min_count` of {self.min_count}")

    def visible(self, counts: Matrix) -> list[int]:
        """Counts with those of too few rows shown as 0."""
        return [int(count) if count >= self.min_count else 0 for count in counts]


def rules_of(policies: Sequence[Policy]) -> Rules:
    """The narrowest rules of several policies. Raises `SiteRefusalError` when one cannot be read."""
    functions = frozenset(FUNCTIONS).intersection(*(_functions(policy) for policy in policies))
    return Rules(functions=functions, min_count=max((_min_count(policy) for policy in policies), default=1))


def _functions(policy: Policy) -> frozenset[str]:
    named = policy.permissions.get("allowed_functions", [])
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise SiteRefusalError("the policy's `allowed_functions` is not a list of names")
    return frozenset(FUNCTIONS) if EVERY in named else frozenset(named)


def _min_count(policy: Policy) -> int:
    least = policy.privacy.get("min_count", DEFAULT_MIN_COUNT)
    if type(least) is not int or least < 1:
        raise SiteRefusalError("the policy's `min_count` is not a whole number from 1")
    return least


def bin_counts(values: Matrix, edges: Sequence[float]) -> Matrix:
    """Rows per bin. Rows outside the edges count in the outer bins, so that no row is lost and no extreme is told."""
    return np.histogram(np.clip(values, edges[0], edges[-1]), bins=np.asarray(edges))[0].astype(np.float64)


def edges_around(mean: float, stddev: float, bins: int) -> list[float]:
    """Equal bins over four standard deviations on both sides: what sites can agree on without telling extremes."""
    reach = 4 * stddev or 0.5
    return [float(edge) for edge in np.linspace(mean - reach, mean + reach, bins + 1)]
