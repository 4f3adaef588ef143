"""FLARE's side of the server: carries the exchanges and writes what comes of them."""

import json
from collections.abc import Mapping
from pathlib import Path

from .federation import Regression, solve
from .kit.exchange import ExchangeController, write_json

MODEL = "model.json"
ROUNDS = "metrics/round_metrics.jsonl"


class CoxController(ExchangeController):
    """Searches the maximum over all sites."""

    def __init__(
        self, min_clients: int, columns: Mapping[str, object], unit: float, num_rounds: int, l2: float
    ) -> None:
        super().__init__(min_clients)
        self._asked = Regression(columns=dict(columns), unit=unit, rounds=num_rounds, l2=l2)

    def conduct(self, run_dir: Path) -> None:
        rounds = run_dir / ROUNDS
        rounds.parent.mkdir(parents=True, exist_ok=True)

        def told(number: int, likelihood: float) -> None:
            with rounds.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"round": number, "metrics": {"log_likelihood": likelihood}}) + "\n")

        write_json(run_dir / MODEL, solve(self._asked, self.ask, told).document())
