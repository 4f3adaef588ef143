"""
The server's part of a training, without FLARE: one exchange for scaling, one per round, one to judge the last model.

`ask` is whatever carries an exchange. A round's metrics are those of the model the round brought about, over the rows
of all sites; they become known in the exchange after it, because that is when the sites first see that model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from . import wire
from .kit.errors import JobRefusalError
from .kit.moments import merged
from .regression import Quality, Scaling, Steps, Weights, averaged, overall, scaling_of, untrained

Ask = Callable[[str, dict[str, object]], Mapping[str, wire.Message]]
Told = Callable[[int, Quality], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What the payload asks for."""

    rounds: int
    target: str
    features: tuple[str, ...]
    steps: Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training brings."""

    training: Training
    features: tuple[str, ...]
    scaling: Scaling
    model: Weights
    history: tuple[Quality, ...]
    """One per round, the last is the final model's."""

    def document(self) -> dict[str, object]:
        """The model as a file that needs no library to read: score = intercept + weights . (x - mean) / stddev."""
        return {
            "kind": "logistic-regression",
            "target": self.training.target,
            "features": list(self.features),
            "scaling": wire.scaling_out(self.scaling),
            **wire.model_out(self.model),
            "rounds": self.training.rounds,
        }

    def metrics(self) -> dict[str, object]:
        rounds = [{"round": number, "metrics": of.metrics} for number, of in enumerate(self.history, start=1)]
        return {"final": self.history[-1].metrics, "rows": self.history[-1].rows, "rounds": rounds}


def train(training: Training, ask: Ask, told: Told) -> Trained:
    """Train over all sites; `told` hears how each round's model does as soon as the sites have said it."""
    scaled = ask("scale", {"target": training.target, "features": list(training.features)})
    features = _common_features(scaled)
    scaling = scaling_of(merged([wire.moments_in(answer) for answer in scaled.values()]))
    shared = {"scaling": wire.scaling_out(scaling), "steps": wire.steps_out(training.steps)}
    model, history = untrained(len(features)), []
    for number in range(training.rounds + 1):
        task = "train" if number < training.rounds else "evaluate"
        answers = ask(task, {**shared, "model": wire.model_out(model)})
        qualities = {site: wire.quality_in(cast("wire.Message", of["quality"])) for site, of in answers.items()}
        if number:
            history.append(overall(list(qualities.values())))
            told(number, history[-1])
        if task == "train":
            sent = {site: wire.model_in(cast("wire.Message", of["model"])) for site, of in answers.items()}
            model = averaged([(qualities[site].rows, part) for site, part in sent.items()])
    return Trained(training=training, features=features, scaling=scaling, model=model, history=tuple(history))


def _common_features(answers: Mapping[str, wire.Message]) -> tuple[str, ...]:
    found = {site: tuple(cast("list[str]", answer["features"])) for site, answer in answers.items()}
    first = next(iter(found.values()))
    for site, names in found.items():
        if names != first:
            raise JobRefusalError(f"site `{site}` has other columns than the rest; name the common ones in `features`")
    return first
