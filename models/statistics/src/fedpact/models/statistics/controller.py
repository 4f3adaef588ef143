"""
The server's side: merges what the sites answered and keeps only the whole.

No site's own value is written anywhere. Edges of a histogram are the payload's, or four standard deviations around the
mean: then the sites have to be allowed `mean` and `stddev` too, because the edges tell them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from .executor import HISTOGRAMS, MOMENTS
from .kit.errors import JobRefusalError
from .kit.exchange import ExchangeController, write_json
from .rules import edges_around
from .whole import Whole, counts_of, result_of, whole_of

RESULT = "statistics/result.json"


class StatisticsController(ExchangeController):
    """Asks for moments, then for histograms, and writes `statistics/result.json`."""

    def __init__(
        self,
        min_clients: int,
        functions: Sequence[str],
        columns: Sequence[str],
        bins: int,
        ranges: Sequence[Mapping[str, object]],
    ) -> None:
        super().__init__(min_clients)
        self._functions = frozenset(functions)
        self._columns = list(columns)
        self._bins = bins
        self._ranges = {str(of["column"]): (cast("float", of["low"]), cast("float", of["high"])) for of in ranges}

    def conduct(self, run_dir: Path) -> None:
        whole = whole_of(self.ask(MOMENTS, {"functions": sorted(self._needed()), "columns": self._columns}))
        if unknown := sorted(self._ranges.keys() - set(whole.columns)):
            raise JobRefusalError(f"`ranges` names `{unknown[0]}`, which is not among the columns")
        edges = self._edges(whole)
        counts = counts_of(self.ask(HISTOGRAMS, {"edges": edges})) if edges else {}
        histograms = {name: {"edges": edges[name], "counts": counts[name]} for name in edges}
        write_json(run_dir / RESULT, result_of(whole, self._functions, histograms))

    def _needed(self) -> frozenset[str]:
        if "histogram" not in self._functions or (self._columns and set(self._columns) <= self._ranges.keys()):
            return self._functions
        return self._functions | {"mean", "stddev"}

    def _edges(self, whole: Whole) -> dict[str, list[float]]:
        if "histogram" not in self._functions:
            return {}
        edges: dict[str, list[float]] = {}
        for index, name in enumerate(whole.columns):
            if name in self._ranges:
                edges[name] = np.linspace(*self._ranges[name], self._bins + 1).tolist()
            elif whole.moments is not None:
                deviation = whole.moments.stddev(ddof=1)
                edges[name] = edges_around(float(whole.moments.mean[index]), float(deviation[index]), self._bins)
        return edges
