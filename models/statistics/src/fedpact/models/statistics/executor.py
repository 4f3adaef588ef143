"""The site's side: moments first, then histograms over edges all sites share. Each is answered once a job."""

from typing import cast

from .kit.dal import DataDoor
from .kit.errors import SiteRefusalError
from .kit.exchange import Message, SiteExecutor
from .kit.moments import moments_of
from .kit.table import Table, read_table
from .rules import MOST_BINS, Rules, bin_counts, rules_of

MOMENTS = "moments"
HISTOGRAMS = "histograms"


class StatisticsExecutor(SiteExecutor):
    """Answers with sums over the site's rows, as far as the custodian's policy allows."""

    def __init__(self) -> None:
        super().__init__()
        self._table: Table | None = None
        self._rules: Rules | None = None
        self._answered: set[str] = set()

    def answer(self, task: str, request: Message) -> Message:
        if task in self._answered:
            raise SiteRefusalError(f"`{task}` was answered already; differences of answers would tell single rows")
        self._answered.add(task)
        match task:
            case "moments":
                return self._moments(request)
            case "histograms":
                return self._histograms(request)
            case _:
                raise SiteRefusalError(f"`{task}` is not a task of this model")

    def _moments(self, request: Message) -> Message:
        door = DataDoor.from_environment()
        self._rules = rules_of(door.policies())
        functions = set(cast("list[str]", request["functions"]))
        self._rules.allow(functions)
        self._table = read_table(door.tables(), cast("list[str]", request["columns"]))
        self._rules.speak_of(len(self._table))
        moments = moments_of(self._table.rows)
        answer: Message = {"columns": list(self._table.columns)}
        if functions & {"count", "mean", "stddev"}:
            answer["count"] = moments.count
        if functions & {"sum", "mean", "stddev"}:
            answer["sum"] = (moments.mean * moments.count).tolist()
        if "stddev" in functions:
            answer["deviations"] = moments.deviations.tolist()
        return answer

    def _histograms(self, request: Message) -> Message:
        if self._rules is None or self._table is None:
            raise SiteRefusalError(f"`{HISTOGRAMS}` comes after `{MOMENTS}`")
        table, rules = self._table, self._rules
        rules.allow({"histogram"})
        wanted = cast("dict[str, list[float]]", request["edges"])
        if any(len(edges) > MOST_BINS + 1 for edges in wanted.values()):
            raise SiteRefusalError(f"a histogram has at most {MOST_BINS} bins")
        return {
            "counts": {name: rules.visible(bin_counts(table.column(name), edges)) for name, edges in wanted.items()}
        }
