"""FLARE's side of the server: carries the exchanges and writes what comes of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from .federation import Regression, solve
from .kit.exchange import ExchangeController, write_json

MODEL = "model.json"
ROUNDS = "metrics/round_metrics.jsonl"


class LinearController(ExchangeController):
    """Asks twice and solves."""

    def __init__(self, min_clients: int, target: str, features: Sequence[str], l2: float) -> None:
        super().__init__(min_clients)
        self._asked = Regression(target=target, features=tuple(features), l2=l2)

    def conduct(self, run_dir: Path) -> None:
        solved = solve(self._asked, self.ask)
        rounds = run_dir / ROUNDS
        rounds.parent.mkdir(parents=True, exist_ok=True)
        rounds.write_text(json.dumps({"round": 1, "metrics": solved.metrics()}) + "\n", encoding="utf-8")
        write_json(run_dir / MODEL, solved.document())
