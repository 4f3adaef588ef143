"""
What a site does in each exchange, without a federation around it. Each is answered once a job.

`describe` loads the table and tells its moments, `products` the products of its standardised columns. A site with fewer
rows than its custodian's `min_count`, or fewer than `rows_per_column` for each column, tells nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import wire
from .kit.dal import DataDoor, Policy
from .kit.errors import SiteRefusalError
from .kit.moments import moments_of
from .kit.table import Matrix, read_table
from .least_squares import Scaling, products_of

DEFAULTS = {"min_count": 20, "rows_per_column": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site's raw rows; the target is the last column."""

    features: tuple[str, ...]
    rows: Matrix

    def describe(self) -> dict[str, object]:
        return {"features": list(self.features), **wire.moments_out(moments_of(self.rows))}

    def products(self, request: wire.Message) -> dict[str, object]:
        columns = self.rows.shape[1]
        scaling = Scaling(mean=wire.numbers(request["mean"], columns), stddev=wire.numbers(request["stddev"], columns))
        return {"products": products_of(scaling.apply(self.rows)).tolist()}


def open_site(door: DataDoor, target: str, features: Sequence[str]) -> Site:
    """The site behind `door`: all columns but the target are features unless some are named."""
    policies = door.policies()
    table = read_table(door.tables(), [*features, target] if features else ())
    if target not in table.columns:
        raise SiteRefusalError(f"the table has no column `{target}`")
    names = tuple(sorted(name for name in table.columns if name != target))
    if not names:
        raise SiteRefusalError(f"the table has no column beside `{target}`")
    speak_of(len(table), len(table.columns), policies)
    return Site(features=names, rows=np.column_stack([table.column(name) for name in (*names, target)]))


def speak_of(rows: int, columns: int, policies: Sequence[Policy]) -> None:
    """Refuse when the custodian has a table of that size not spoken of."""
    least = control_of(policies, "min_count")
    if rows < least:
        raise SiteRefusalError(f"the table has fewer rows than the custodian's `min_count` of {least}")
    each = control_of(policies, "rows_per_column")
    if rows < each * columns:
        raise SiteRefusalError(f"the table has fewer than the custodian's `rows_per_column` of {each}; name `features`")


def control_of(policies: Sequence[Policy], name: str) -> int:
    """The largest value of several policies. Raises `SiteRefusalError` when one cannot be read."""
    named = [policy.privacy.get(name, DEFAULTS[name]) for policy in policies]
    values = [value for value in named if type(value) is int and value >= 1]
    if len(values) < len(named):
        raise SiteRefusalError(f"the policy's `{name}` is not a whole number from 1")
    return max(values, default=DEFAULTS[name])
