"""Statistics over several sites equal those of all rows together, and say no more than the custodian allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fedpact.models.statistics.kit.dal import Policy
from fedpact.models.statistics.kit.errors import JobRefusalError, SiteRefusalError
from fedpact.models.statistics.kit.moments import merged, moments_of
from fedpact.models.statistics.rules import FUNCTIONS, Rules, bin_counts, edges_around, rules_of
from fedpact.models.statistics.whole import counts_of, result_of, whole_of

VALUES = st.floats(-1e9, 1e9, allow_subnormal=False)
PARTS = st.lists(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(2)), elements=VALUES), min_size=1, max_size=5
)


@given(PARTS)
def test_merged_moments_are_those_of_all_rows(parts: list[np.ndarray]) -> None:
    rows = np.vstack(parts)
    together, whole = merged([moments_of(part) for part in parts]), moments_of(rows)
    assert together.count == whole.count
    assert np.allclose(together.mean, whole.mean, rtol=1e-9, atol=1e-3)
    assert np.allclose(together.stddev(), whole.stddev(), rtol=1e-6, atol=1e-3)


def test_moments_far_from_zero_keep_their_digits() -> None:
    rows = 1e9 + np.array([[0.0], [1.0], [2.0], [3.0]])
    assert merged([moments_of(rows[:2]), moments_of(rows[2:])]).stddev(ddof=1) == pytest.approx(1.2909944, rel=1e-6)


@given(arrays.arrays(np.float64, st.integers(1, 50), elements=VALUES), st.integers(2, 20), VALUES, st.floats(0, 1e6))
def test_no_row_is_lost_by_a_histogram(values: np.ndarray, bins: int, mean: float, deviation: float) -> None:
    assert bin_counts(values, edges_around(mean, deviation, bins)).sum() == len(values)


@given(st.lists(st.integers(0, 20)), st.integers(1, 10))
def test_counts_of_too_few_rows_are_shown_as_none(counts: list[int], least: int) -> None:
    shown = Rules(functions=frozenset(), min_count=least).visible(np.array(counts, dtype=float))
    assert shown == [count if count >= least else 0 for count in counts]


def test_nothing_is_allowed_that_no_policy_names() -> None:
    rules = rules_of([Policy()])
    with pytest.raises(SiteRefusalError, match="does not allow `count`"):
        rules.allow({"count"})


def test_the_star_allows_every_function() -> None:
    assert rules_of([Policy(permissions={"allowed_functions": ["*"]})]).functions == frozenset(FUNCTIONS)


def test_several_policies_allow_what_each_allows() -> None:
    one = Policy(permissions={"allowed_functions": ["count", "mean"]}, privacy={"min_count": 3})
    other = Policy(permissions={"allowed_functions": ["mean", "sum"]}, privacy={"min_count": 9})
    assert rules_of([one, other]) == Rules(functions=frozenset({"mean"}), min_count=9)


def test_a_small_table_is_not_spoken_of() -> None:
    Rules(functions=frozenset(), min_count=5).speak_of(5)
    with pytest.raises(SiteRefusalError, match="fewer rows"):
        Rules(functions=frozenset(), min_count=5).speak_of(4)


@pytest.mark.parametrize(
    "policy", [{"allowed_functions": "count"}, {"allowed_functions": [1]}, {"allowed_functions": {}}]
)
def test_permissions_that_cannot_be_read_allow_nothing(policy: dict) -> None:
    with pytest.raises(SiteRefusalError, match="not a list of names"):
        rules_of([Policy(permissions=policy)])


def test_an_unknown_function_is_refused_even_by_the_star() -> None:
    with pytest.raises(SiteRefusalError, match="`max` is not a function"):
        rules_of([Policy(permissions={"allowed_functions": ["*", "max"]})]).allow({"max"})


ANSWERS = {
    "north": {"columns": ["a", "b"], "count": 2, "sum": [2.0, 20.0], "deviations": [2.0, 0.0]},
    "south": {"columns": ["b", "a"], "count": 2, "sum": [40.0, 6.0], "deviations": [0.0, 2.0]},
}


def test_the_result_holds_the_whole_and_no_site() -> None:
    whole = whole_of(ANSWERS)
    result = result_of(whole, frozenset({"count", "sum", "mean", "stddev"}), {})
    assert result["columns"]["a"] == {"count": 4, "sum": 8.0, "mean": 2.0, "stddev": pytest.approx(1.632993)}
    assert result["columns"]["b"]["mean"] == 15.0
    assert not any(site in str(result) for site in ANSWERS)


def test_the_result_holds_only_what_was_asked_for() -> None:
    result = result_of(whole_of(ANSWERS), frozenset({"mean"}), {})
    assert result["columns"]["a"] == {"mean": 2.0}


def test_histograms_add_up() -> None:
    assert counts_of({"n": {"counts": {"a": [1, 2]}}, "s": {"counts": {"a": [0, 5]}}}) == {"a": [1, 7]}


def test_sites_with_other_columns_are_refused() -> None:
    with pytest.raises(JobRefusalError, match="`south` has other columns"):
        whole_of({**ANSWERS, "south": {**ANSWERS["south"], "columns": ["a", "c"]}})
