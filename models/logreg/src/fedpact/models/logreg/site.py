"""
What a site does in each exchange, without a federation around it.

`scale` loads the table and tells its moments, `train` tells how the incoming model does here and returns it after local
steps, `evaluate` only tells how it does. A site with fewer rows than its custodian's `min_count` tells nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from . import wire
from .kit.dal import DataDoor, Policy
from .kit.errors import SiteRefusalError
from .kit.moments import moments_of
from .kit.table import Matrix, read_table
from .regression import binary, quality_of, trained

DEFAULT_MIN_COUNT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site's raw rows and target, and the names of the columns."""

    features: tuple[str, ...]
    rows: Matrix
    target: Matrix

    def scale(self) -> dict[str, object]:
        return {"features": list(self.features), **wire.moments_out(moments_of(self.rows))}

    def train(self, request: wire.Message) -> dict[str, object]:
        rows = wire.scaling_in(cast("wire.Message", request["scaling"])).apply(self.rows)
        model = wire.model_in(cast("wire.Message", request["model"]))
        steps = wire.steps_in(cast("wire.Message", request["steps"]))
        return {
            "quality": wire.quality_out(quality_of(model, rows, self.target)),
            "model": wire.model_out(trained(model, rows, self.target, steps)),
        }

    def evaluate(self, request: wire.Message) -> dict[str, object]:
        rows = wire.scaling_in(cast("wire.Message", request["scaling"])).apply(self.rows)
        model = wire.model_in(cast("wire.Message", request["model"]))
        return {"quality": wire.quality_out(quality_of(model, rows, self.target))}


def open_site(door: DataDoor, target: str, features: Sequence[str]) -> Site:
    """The site behind `door`: all columns but the target are features unless some are named."""
    least = min_count_of(door.policies())
    table = read_table(door.tables(), [*features, target] if features else ())
    if target not in table.columns:
        raise SiteRefusalError(f"the table has no column `{target}`")
    if len(table) < least:
        raise SiteRefusalError(f"the table has fewer rows than the custodian's `min_count` of {least}")
    names = tuple(sorted(name for name in table.columns if name != target))
    if not names:
        raise SiteRefusalError(f"the table has no column beside `{target}`")
    places = [table.columns.index(name) for name in names]
    return Site(features=names, rows=table.rows[:, places], target=binary(table.column(target), target))


def min_count_of(policies: Sequence[Policy]) -> int:
    """The largest `min_count` of several policies. Raises `SiteRefusalError` when one cannot be read."""
    named = [policy.privacy.get("min_count", DEFAULT_MIN_COUNT) for policy in policies]
    for least in named:
        if type(least) is not int or least < 1:
            raise SiteRefusalError("the policy's `min_count` is not a whole number from 1")
    return max(cast("list[int]", named), default=DEFAULT_MIN_COUNT)
