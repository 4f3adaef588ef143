"""
What the server asks, and what it makes of the answers.

`metrics/round_metrics.jsonl` grows by one line a round while the job runs: the loss of the model that the round began
with, over the rows of all sites. `model.json` appears at the end.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np

from .kit.errors import JobRefusalError
from .kit.exchange import ExchangeController, write_json
from .kit.moments import Moments, merged
from .learning import averaged, untrained

MODEL = "model.json"
ROUNDS = "metrics/round_metrics.jsonl"


class MyController(ExchangeController):
    """The server. Its arguments are those of `config_fed_server.json`."""

    def __init__(self, min_clients: int, target: str, num_rounds: int, steps: Mapping[str, float]) -> None:
        super().__init__(min_clients)
        self._target, self._num_rounds, self._steps = target, num_rounds, dict(steps)

    def conduct(self, run_dir: Path) -> None:
        features, moments = self._described()
        deviation = moments.stddev()
        scaling = {"mean": moments.mean.tolist(), "stddev": np.where(deviation > 0, deviation, 1.0).tolist()}
        model = untrained(len(features))
        for number in range(1, self._num_rounds + 1):
            answers = self.ask("train", {**scaling, "model": model.tolist(), "steps": self._steps})
            error = sum(cast("float", answer["squared_error"]) for answer in answers.values())
            self._tell(run_dir, number, error / moments.count)
            parts = [(cast("int", of["rows"]), np.asarray(of["model"], dtype=np.float64)) for of in answers.values()]
            model = averaged(parts)
            if not np.isfinite(model).all():
                raise JobRefusalError("training diverged; lower `learning_rate`")
        weights = dict(zip(features, model[1:].tolist(), strict=True))
        write_json(run_dir / MODEL, {"intercept": float(model[0]), "weights": weights, "scaling": scaling})

    def _described(self) -> tuple[list[str], Moments]:
        """The columns all sites have in common, and the moments of all their rows together."""
        answers = self.ask("describe", {"target": self._target})
        columns = {site: cast("list[str]", answer["features"]) for site, answer in answers.items()}
        features = next(iter(columns.values()))
        for site, names in columns.items():
            if names != features:
                raise JobRefusalError(f"site `{site}` has other columns than the rest")
        parts = [
            Moments(
                count=cast("int", answer["count"]),
                mean=np.asarray(answer["mean"], dtype=np.float64),
                deviations=np.asarray(answer["deviations"], dtype=np.float64),
            )
            for answer in answers.values()
        ]
        return features, merged(parts)

    @staticmethod
    def _tell(run_dir: Path, number: int, loss: float) -> None:
        path = run_dir / ROUNDS
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"round": number, "metrics": {"loss": loss}}) + "\n")
