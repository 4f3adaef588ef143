"""A whole training played in one process, on raw columns, against the same rows in one place."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fedpact.models.logreg.federation import Trained, Training, train
from fedpact.models.logreg.kit.dal import Policy
from fedpact.models.logreg.kit.errors import JobRefusalError, SiteRefusalError
from fedpact.models.logreg.regression import Quality, Steps, Weights, averaged, binary, quality_of
from fedpact.models.logreg.site import Site, min_count_of

WDBC = Path(__file__).parents[3] / "infra/src/fedpact/infra/demo_data/wdbc.csv"
NAMES = tuple(WDBC.read_text().split("\n", 1)[0].split(","))
ROWS = np.loadtxt(WDBC, delimiter=",", skiprows=1)
STEPS = Steps(learning_rate=0.5, local_epochs=20, l2=0.001)


def play(parts: Sequence[np.ndarray], told=lambda *_: None, steps: Steps = STEPS, rounds: int = 5) -> Trained:
    sites = {
        f"site-{n}": Site(features=NAMES[:-1], rows=part[:, :-1], target=part[:, -1]) for n, part in enumerate(parts)
    }

    def ask(task: str, request: dict) -> dict:
        if task == "scale":
            return {name: site.scale() for name, site in sites.items()}
        return {name: getattr(site, task)(request) for name, site in sites.items()}

    return train(Training(rounds=rounds, target="target", features=(), steps=steps), ask, told)


SPLITS = {
    "halves": [ROWS[:300], ROWS[300:]],
    "uneven": [ROWS[:30], ROWS[30:100], ROWS[100:]],
    "by the target": np.array_split(ROWS[ROWS[:, -1].argsort()], 2),
    "by a feature": np.array_split(ROWS[ROWS[:, 0].argsort()], 3),
}


def test_the_table_is_the_published_one() -> None:
    assert (ROWS.shape, int(ROWS[:, -1].sum())) == ((569, 31), 357)


@pytest.mark.parametrize("split", SPLITS)
def test_five_rounds_on_raw_columns_are_as_good_as_the_pooled_rows(split: str) -> None:
    federated = play(SPLITS[split]).history[-1].metrics["accuracy"]
    pooled = play([ROWS]).history[-1].metrics["accuracy"]
    assert federated >= 0.97
    assert abs(federated - pooled) <= 0.02


def test_one_site_is_the_pooled_training_whatever_the_split_into_rounds() -> None:
    once = play([ROWS], steps=Steps(learning_rate=0.5, local_epochs=100, l2=0.001), rounds=1)
    often = play([ROWS])
    assert np.allclose(once.model.weights, often.model.weights)


def test_a_rounds_metrics_are_of_the_model_it_brought_about() -> None:
    heard: list[tuple[int, Quality]] = []
    trained = play(SPLITS["halves"], lambda *line: heard.append(line))
    assert [number for number, _ in heard] == [1, 2, 3, 4, 5]
    standard = (ROWS[:, :-1] - trained.scaling.mean) / trained.scaling.stddev
    again = quality_of(trained.model, standard, ROWS[:, -1])
    assert again.metrics["accuracy"] == heard[-1][1].metrics["accuracy"]
    assert again.metrics["loss"] == pytest.approx(heard[-1][1].metrics["loss"])
    losses = [of.metrics["loss"] for _, of in heard]
    assert losses == sorted(losses, reverse=True)


def test_the_document_predicts_without_the_library() -> None:
    document = play(SPLITS["halves"]).document()
    row = dict(zip(NAMES, ROWS[0], strict=True))
    standard = [
        (row[name] - mean) / deviation
        for name, mean, deviation in zip(
            document["features"], document["scaling"]["mean"], document["scaling"]["stddev"], strict=True
        )
    ]
    score = document["intercept"] + sum(w * x for w, x in zip(document["weights"], standard, strict=True))
    assert (score > 0) == (row["target"] == 1)


def test_a_constant_column_does_no_harm() -> None:
    constant = np.insert(ROWS[:, [0, 1, 30]], 0, 7.0, axis=1)
    site = Site(features=("a", "b", "c"), rows=constant[:, :3], target=constant[:, 3])
    trained = train(
        Training(rounds=2, target="target", features=(), steps=STEPS),
        lambda task, request: {"s": site.scale() if task == "scale" else getattr(site, task)(request)},
        lambda *_: None,
    )
    assert np.isfinite(trained.model.weights).all()
    assert trained.model.weights[0] == 0


def test_training_that_diverges_is_told() -> None:
    with pytest.raises(JobRefusalError, match="diverged"):
        averaged([(1, Weights(weights=np.array([np.inf]), intercept=0.0))])


def test_sites_with_other_columns_are_refused() -> None:
    def ask(task: str, request: dict) -> dict:
        answer = {"count": 1, "mean": [0.0], "deviations": [0.0]}
        return {"site-1": {**answer, "features": ["a"]}, "site-2": {**answer, "features": ["b"]}}

    with pytest.raises(JobRefusalError, match=r"`site-2` has other columns"):
        train(Training(rounds=1, target="t", features=(), steps=STEPS), ask, lambda *_: None)


@pytest.mark.parametrize("values", [[0, 1, 2], [0.5], [-1, 1]])
def test_a_target_of_other_values_is_refused(values: list[float]) -> None:
    with pytest.raises(SiteRefusalError, match="other values than 0 and 1"):
        binary(np.array(values, dtype=float), "target")


def test_the_largest_min_count_of_a_site_counts() -> None:
    assert min_count_of([Policy(privacy={"min_count": 3}), Policy(privacy={"min_count": 30})]) == 30
    assert min_count_of([Policy()]) == 20


@pytest.mark.parametrize("value", [0, -1, True, "5", 1.5, None])
def test_a_min_count_that_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(SiteRefusalError, match="min_count"):
        min_count_of([Policy(privacy={"min_count": value})])
