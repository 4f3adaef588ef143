"""
FLARE's side of a training: carries the exchanges and writes what comes of them.

`metrics/round_metrics.jsonl` grows by one line a round while the job runs; `model.json` and `metrics.json` appear at
the end.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import wire
from .federation import Training, train
from .kit.exchange import ExchangeController, write_json
from .regression import Quality

MODEL = "model.json"
METRICS = "metrics.json"
ROUNDS = "metrics/round_metrics.jsonl"


class LogRegController(ExchangeController):
    """Trains over all sites."""

    def __init__(
        self, min_clients: int, num_rounds: int, target: str, features: Sequence[str], steps: Mapping[str, object]
    ) -> None:
        super().__init__(min_clients)
        self._training = Training(
            rounds=num_rounds, target=target, features=tuple(features), steps=wire.steps_in(steps)
        )

    def conduct(self, run_dir: Path) -> None:
        rounds = run_dir / ROUNDS
        rounds.parent.mkdir(parents=True, exist_ok=True)

        def told(number: int, quality: Quality) -> None:
            with rounds.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"round": number, "metrics": quality.metrics}) + "\n")

        trained = train(self._training, self.ask, told)
        write_json(run_dir / MODEL, trained.document())
        write_json(run_dir / METRICS, trained.metrics())
