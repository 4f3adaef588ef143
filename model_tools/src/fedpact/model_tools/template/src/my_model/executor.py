"""
What a site does in each exchange: describe its table, then train on it.

A refusal is a `SiteRefusalError`, whose text travels to the data scientist: it names what was asked for and never
anything read from data. How many rows a site speaks of at the least is its custodian's word, not the job's.
"""

from typing import cast

import numpy as np

from .kit.dal import DataDoor
from .kit.errors import SiteRefusalError
from .kit.exchange import Message, SiteExecutor
from .kit.moments import moments_of
from .kit.table import Matrix, read_table
from .learning import squared_error, trained

MIN_COUNT = 20


class MyExecutor(SiteExecutor):
    """One site."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: Matrix | None = None
        self._target: Matrix | None = None

    def answer(self, task: str, request: Message) -> Message:
        return self._describe(str(request["target"])) if task == "describe" else self._train(request)

    def _describe(self, target: str) -> Message:
        door = DataDoor.from_environment()
        least = max((cast("int", policy.privacy.get("min_count", MIN_COUNT)) for policy in door.policies()), default=0)
        table = read_table(door.tables())
        if target not in table.columns:
            raise SiteRefusalError(f"the table has no column `{target}`")
        if len(table) < least:
            raise SiteRefusalError(f"the table has fewer rows than the custodian's `min_count` of {least}")
        features = sorted(name for name in table.columns if name != target)
        self._rows = table.rows[:, [table.columns.index(name) for name in features]]
        self._target = table.column(target)
        moments = moments_of(self._rows)
        return {
            "features": features,
            "count": moments.count,
            "mean": moments.mean.tolist(),
            "deviations": moments.deviations.tolist(),
        }

    def _train(self, request: Message) -> Message:
        if self._rows is None or self._target is None:
            raise SiteRefusalError("`train` comes after `describe`")
        model, mean, stddev = (np.asarray(request[name], dtype=np.float64) for name in ("model", "mean", "stddev"))
        rows = (self._rows - mean) / stddev
        steps = cast("dict[str, float]", request["steps"])
        return {
            "rows": len(rows),
            "squared_error": squared_error(model, rows, self._target),
            "model": trained(model, rows, self._target, **steps).tolist(),
        }
