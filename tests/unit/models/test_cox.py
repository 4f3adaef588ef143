"""Cox regression over sites: published numbers, a plain implementation on pooled rows, and what sites tell at most."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.models.cox.federation import Regression, Solved, solve
from fedpact.models.cox.intervals import Cell, cells_of, common_edges, placed, rounded
from fedpact.models.cox.kit.dal import Policy
from fedpact.models.cox.kit.errors import JobRefusalError, SiteRefusalError
from fedpact.models.cox.kit.table import Table
from fedpact.models.cox.site import Rules, Site, rules_of, site_of

# Remission of leukemia in weeks (Freireich et al. 1963, Blood 21): time, relapse, log white cell count, placebo. It is
# the running example of Kleinbaum and Klein, Survival Analysis, chapter 3, whose fitted numbers are below.
LEUKEMIA = np.loadtxt(
    io.StringIO("""\
6 1 2.31 0
6 1 4.06 0
6 1 3.28 0
7 1 4.43 0
10 1 2.96 0
13 1 2.88 0
16 1 3.60 0
22 1 2.32 0
23 1 2.57 0
6 0 3.20 0
9 0 2.80 0
10 0 2.70 0
11 0 2.60 0
17 0 2.16 0
19 0 2.05 0
20 0 2.01 0
25 0 1.78 0
32 0 2.20 0
32 0 2.53 0
34 0 1.47 0
35 0 1.45 0
1 1 2.80 1
1 1 5.00 1
2 1 4.91 1
2 1 4.48 1
3 1 4.01 1
4 1 4.36 1
4 1 2.42 1
5 1 3.49 1
5 1 3.97 1
8 1 3.52 1
8 1 3.05 1
8 1 2.32 1
8 1 3.26 1
11 1 3.49 1
11 1 2.12 1
12 1 1.50 1
12 1 3.06 1
15 1 2.30 1
17 1 2.95 1
22 1 2.73 1
23 1 1.97 1
""")
)
NAMES = ("time", "event", "logwbc", "placebo")
SPLITS = {
    "one site": [LEUKEMIA],
    "by treatment": [LEUKEMIA[:21], LEUKEMIA[21:]],
    "every third": [LEUKEMIA[n::3] for n in range(3)],
    "by time": np.array_split(LEUKEMIA[LEUKEMIA[:, 0].argsort()], 2),
}


def site(rows: np.ndarray, columns: Sequence[str] = NAMES, *, least: int = 1) -> Site:
    return site_of(Table(columns=tuple(columns), rows=rows), "time", "event", Rules(min_count=least))


def play(sites: Sequence[Site], unit: float = 1.0, *, told=lambda *_: None, l2: float = 0.0) -> Solved:
    named = {f"site-{n}": one for n, one in enumerate(sites)}

    def ask(task: str, request: dict) -> dict:
        match task:
            case "describe":
                return {name: one.describe() for name, one in named.items()}
            case "times":
                return {name: one.tell_times(request["unit"]) for name, one in named.items()}
            case _:
                return {name: one.risk(request) for name, one in named.items()}

    columns = {"time": "time", "event": "event", "features": []}
    return solve(Regression(columns=columns, unit=unit, rounds=20, l2=l2), ask, told)


def pooled(times: np.ndarray, happened: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Breslow's partial likelihood, event by event: nothing of the model's code, nothing fast."""
    beta = np.zeros(rows.shape[1])
    for _ in range(50):
        value, gradient, information = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
        for row in np.flatnonzero(happened):
            risk = rows[times >= times[row]]
            weight = np.exp(risk @ beta)
            mean = weight @ risk / weight.sum()
            value += rows[row] @ beta - np.log(weight.sum())
            gradient += rows[row] - mean
            information += (weight[:, None] * risk).T @ risk / weight.sum() - np.outer(mean, mean)
        step = np.linalg.solve(information, gradient)
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    return beta, np.sqrt(np.diag(np.linalg.inv(information))), value


@pytest.mark.parametrize("split", SPLITS)
def test_published_numbers_come_out_however_the_rows_are_split(split: str) -> None:
    alone = play([site(part[:, [0, 1, 3]], ("time", "event", "placebo")) for part in SPLITS[split]])
    said = alone.coefficients()["placebo"]
    assert (round(said["estimate"], 3), round(said["std_error"], 3)) == (1.509, 0.410)
    assert round(said["hazard_ratio"], 3) == 4.523
    assert round(alone.likelihoods[-1], 3) == -86.380
    both = play([site(part) for part in SPLITS[split]])
    said = both.coefficients()
    assert (round(said["placebo"]["estimate"], 3), round(said["placebo"]["std_error"], 3)) == (1.294, 0.422)
    assert (round(said["logwbc"]["estimate"], 3), round(said["logwbc"]["std_error"], 3)) == (1.604, 0.329)


@pytest.mark.parametrize("least", [1, 3, 5, 8])
@pytest.mark.parametrize("unit", [1.0, 0.7, 5.0])
def test_the_result_is_that_of_pooled_rows_in_the_same_intervals(least: int, unit: float) -> None:
    solved = play([site(part, least=least) for part in SPLITS["every third"]], unit)
    times = np.searchsorted(solved.edges, rounded(LEUKEMIA[:, 0], unit))
    beta, errors, value = pooled(times, LEUKEMIA[:, 1] == 1, LEUKEMIA[:, 2:])
    found = solved.coefficients()
    assert [found[name]["estimate"] for name in ("logwbc", "placebo")] == pytest.approx(beta.tolist(), rel=1e-5)
    assert [found[name]["std_error"] for name in ("logwbc", "placebo")] == pytest.approx(errors.tolist(), rel=1e-5)
    assert solved.likelihoods[-1] == pytest.approx(value, rel=1e-9)


def test_the_likelihood_grows_with_every_step_and_the_baseline_with_time() -> None:
    heard: list[tuple[int, float]] = []
    document = play([site(part) for part in SPLITS["by treatment"]], told=lambda *line: heard.append(line)).document()
    values = [document["log_likelihood_null"], *(value for _, value in heard)]
    assert values == sorted(values)
    assert document["log_likelihood"] == values[-1]
    hazard = document["baseline"]["cumulative_hazard"]
    assert hazard == sorted(hazard)
    assert len(hazard) == len(document["baseline"]["time"])
    assert (document["rows"], document["events"]) == (42, 30)


TIMES = st.lists(st.integers(1, 60).map(float), min_size=12, max_size=60).map(np.array)


@given(st.lists(TIMES, min_size=1, max_size=4), st.integers(1, 12))
def test_no_interval_tells_of_fewer_rows_than_a_site_allows(sites: list[np.ndarray], least: int) -> None:
    edges = common_edges([cells_of(times, least) for times in sites])
    assert edges == sorted(set(edges))
    for times in sites:
        counts = np.bincount(placed(times, edges, least), minlength=len(edges))
        assert all(count == 0 or count >= least for count in counts)
        assert counts.sum() == len(times)


@given(st.lists(TIMES, min_size=1, max_size=4))
def test_where_every_row_may_be_told_of_the_intervals_are_the_times(sites: list[np.ndarray]) -> None:
    assert common_edges([cells_of(times, 1) for times in sites]) == sorted(set(np.concatenate(sites).tolist()))


def test_cells_hold_what_ends_together_and_what_is_left_over() -> None:
    times = np.array([1, 1, 2, 3, 3, 3, 4, 9], dtype=float)
    assert cells_of(times, 3) == [Cell(first=1, last=2), Cell(first=3, last=9)]


def test_intervals_of_anothers_making_are_refused() -> None:
    one = site(LEUKEMIA, least=5)
    one.describe()
    one.tell_times(1.0)
    narrow = {"mean": [0.0, 0.0], "stddev": [1.0, 1.0], "edges": [6.0, 7.0, 35.0], "beta": [0.0, 0.0]}
    with pytest.raises(SiteRefusalError, match="fewer rows than the custodian's `min_count` of 5"):
        one.risk(narrow)


def test_a_site_answers_over_one_set_of_intervals_and_so_many_times() -> None:
    one = site(LEUKEMIA)
    request = {"mean": [0.0, 0.0], "stddev": [1.0, 1.0], "edges": [10.0, 35.0], "beta": [0.0, 0.0]}
    with pytest.raises(SiteRefusalError, match="comes after `times`"):
        one.risk(request)
    one.tell_times(1.0)
    with pytest.raises(SiteRefusalError, match="was answered already"):
        one.tell_times(2.0)
    one.risk(request)
    with pytest.raises(SiteRefusalError, match="over the same intervals"):
        one.risk({**request, "edges": [11.0, 35.0]})
    with pytest.raises(SiteRefusalError, match="`most_steps` of 25 are taken"):  # noqa: PT012 - the last of them
        for _ in range(25):
            one.risk(request)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.array([[0.0, 1, 2, 3]]), "not above 0"),
        (np.array([[1.0, 2, 2, 3]]), "other values than 0 and 1"),
        (LEUKEMIA[9:21], "fewer rows or events"),
    ],
)
def test_what_is_no_survival_table_or_too_small_is_refused(rows: np.ndarray, said: str) -> None:
    with pytest.raises(SiteRefusalError, match=said):
        site(rows)


def test_a_feature_that_separates_the_events_has_no_regression() -> None:
    rows = LEUKEMIA.copy()
    rows[:, 2] = -rows[:, 0]
    with pytest.raises(JobRefusalError, match=r"num_rounds|separates"):
        play([site(rows[:, :3], NAMES[:3])])
    assert np.isfinite(play([site(rows[:, :3], NAMES[:3])], l2=0.1).beta).all()


@pytest.mark.parametrize("cells", [[], [[2.0, 1.0]], [[1.0, 2.0], [2.0, 3.0]], [[0.0, 1.0]], "x", [[1.0]]])
def test_times_in_no_order_end_the_job(cells: object) -> None:
    with pytest.raises(JobRefusalError):
        solve(
            Regression(columns={}, unit=1.0, rounds=1, l2=0.0),
            lambda task, _: {"site": site(LEUKEMIA).describe() if task == "describe" else {"cells": cells}},
            lambda *_: None,
        )


def test_the_strictest_of_several_policies_counts() -> None:
    policies = [Policy(privacy={"min_count": 3, "most_steps": 40}), Policy(privacy={"min_count": 30}), Policy()]
    assert rules_of(policies) == Rules(min_count=30, most_steps=40)
    with pytest.raises(SiteRefusalError, match="most_steps"):
        rules_of([Policy(privacy={"most_steps": 0})])
