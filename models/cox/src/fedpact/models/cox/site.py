"""
What a site does in each exchange, without a federation around it.

`describe` loads the table and tells its features' moments, `times` where its rows could be cut into intervals, `risk`
the sums over its risk sets. The first two are answered once, the last at most `most_steps` times, always over the same
intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import wire
from .intervals import cells_of, placed, rounded
from .kit.dal import DataDoor, Policy
from .kit.errors import SiteRefusalError
from .kit.moments import moments_of
from .kit.table import Matrix, Table, read_table
from .partial_likelihood import sums_at

MIN_COUNT, MOST_STEPS = 10, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A custodian's word."""

    min_count: int = MIN_COUNT
    most_steps: int = MOST_STEPS


@dataclass(slots=True, kw_only=True)
class Site:
    """A site's raw rows with their times and whether the event happened."""

    features: tuple[str, ...]
    rows: Matrix
    times: Matrix
    happened: NDArray[np.bool_]
    rules: Rules
    _unit: float = 0.0
    _shared: Mapping[str, object] = field(default_factory=dict)
    _steps: int = 0

    def describe(self) -> dict[str, object]:
        return {"features": list(self.features), **wire.moments_out(moments_of(self.rows))}

    def tell_times(self, unit: float) -> dict[str, object]:
        if self._unit:
            raise SiteRefusalError("`times` was answered already; two ways to round would tell single times")
        self._unit = unit
        return {"cells": wire.cells_out(cells_of(rounded(self.times, unit), self.rules.min_count))}

    def risk(self, request: wire.Message) -> dict[str, object]:
        shared = {name: request[name] for name in ("mean", "stddev", "edges")}
        if not self._unit or (self._shared and shared != self._shared):
            raise SiteRefusalError("`risk` comes after `times`, and every step is over the same intervals")
        self._shared, self._steps = shared, self._steps + 1
        if self._steps > self.rules.most_steps:
            raise SiteRefusalError(f"the custodian's `most_steps` of {self.rules.most_steps} are taken")
        columns = len(self.features)
        edges = wire.edges_in(shared["edges"])
        places = placed(rounded(self.times, self._unit), edges, self.rules.min_count)
        rows = (self.rows - wire.numbers(shared["mean"], columns)) / wire.numbers(shared["stddev"], columns)
        beta = wire.numbers(request["beta"], columns)
        return wire.sums_out(sums_at(beta, rows, self.happened, places, len(edges)))


def open_site(door: DataDoor, time: str, event: str, features: Sequence[str]) -> Site:
    """The site behind `door`: all columns but time and event are features unless some are named."""
    rules = rules_of(door.policies())
    table = read_table(door.tables(), [*features, time, event] if features else ())
    for name in (time, event):
        if name not in table.columns:
            raise SiteRefusalError(f"the table has no column `{name}`")
    return site_of(table, time, event, rules)


def site_of(table: Table, time: str, event: str, rules: Rules) -> Site:
    """The site with that table. Refuses what is no survival table, and one that is too small to speak of."""
    names = tuple(sorted(name for name in table.columns if name not in (time, event)))
    times, events = table.column(time), table.column(event)
    if not names:
        raise SiteRefusalError(f"the table has no column beside `{time}` and `{event}`")
    if not np.isin(events, (0.0, 1.0)).all():
        raise SiteRefusalError(f"the event column `{event}` holds other values than 0 and 1")
    if (times <= 0).any():
        raise SiteRefusalError(f"the time column `{time}` holds values that are not above 0")
    if min(len(table), int(events.sum())) < rules.min_count:
        raise SiteRefusalError(
            f"the table has fewer rows or events than the custodian's `min_count` of {rules.min_count}"
        )
    rows = np.column_stack([table.column(name) for name in names])
    return Site(features=names, rows=rows, times=times, happened=events == 1, rules=rules)


def rules_of(policies: Sequence[Policy]) -> Rules:
    """The strictest of several policies. Raises `SiteRefusalError` when one cannot be read."""
    return Rules(
        min_count=max(_values(policies, "min_count"), default=MIN_COUNT),
        most_steps=min(_values(policies, "most_steps"), default=MOST_STEPS),
    )


def _values(policies: Sequence[Policy], name: str) -> list[int]:
    named = [policy.privacy[name] for policy in policies if name in policy.privacy]
    values = [value for value in named if type(value) is int and value >= 1]
    if len(values) < len(named):
        raise SiteRefusalError(f"the policy's `{name}` is not a whole number from 1")
    return values
