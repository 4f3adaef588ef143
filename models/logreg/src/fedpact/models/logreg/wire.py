"""The model's values as exchanges carry them: plain numbers and lists, the same on both sides."""

from collections.abc import Mapping
from typing import cast

import numpy as np

from .kit.moments import Moments
from .kit.table import Matrix
from .regression import Quality, Scaling, Steps, Weights

Message = Mapping[str, object]


def vector(value: object) -> Matrix:
    return np.asarray(value, dtype=np.float64)


def moments_out(moments: Moments) -> dict[str, object]:
    return {"count": moments.count, "mean": moments.mean.tolist(), "deviations": moments.deviations.tolist()}


def moments_in(message: Message) -> Moments:
    return Moments(
        count=cast("int", message["count"]),
        mean=vector(message["mean"]),
        deviations=vector(message["deviations"]),
    )


def model_out(model: Weights) -> dict[str, object]:
    return {"weights": model.weights.tolist(), "intercept": model.intercept}


def model_in(message: Message) -> Weights:
    return Weights(weights=vector(message["weights"]), intercept=cast("float", message["intercept"]))


def scaling_out(scaling: Scaling) -> dict[str, object]:
    return {"mean": scaling.mean.tolist(), "stddev": scaling.stddev.tolist()}


def scaling_in(message: Message) -> Scaling:
    return Scaling(mean=vector(message["mean"]), stddev=vector(message["stddev"]))


def steps_out(steps: Steps) -> dict[str, object]:
    return {"learning_rate": steps.learning_rate, "local_epochs": steps.local_epochs, "l2": steps.l2}


def steps_in(message: Message) -> Steps:
    return Steps(
        learning_rate=cast("float", message["learning_rate"]),
        local_epochs=cast("int", message["local_epochs"]),
        l2=cast("float", message["l2"]),
    )


def quality_out(quality: Quality) -> dict[str, object]:
    return {"rows": quality.rows, "correct": quality.correct, "loss_sum": quality.loss_sum}


def quality_in(message: Message) -> Quality:
    return Quality(
        rows=cast("int", message["rows"]),
        correct=cast("int", message["correct"]),
        loss_sum=cast("float", message["loss_sum"]),
    )
