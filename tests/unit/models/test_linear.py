"""Linear regression over sites is the regression over all rows, to the digits that are certified for a hard table."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fedpact.models.linear.federation import Regression, Solved, solve
from fedpact.models.linear.kit.dal import Policy
from fedpact.models.linear.kit.errors import JobRefusalError, SiteRefusalError
from fedpact.models.linear.site import Site, control_of, speak_of

# Longley (1967), J. Am. Stat. Assoc. 62: employment and six predictors that nearly depend on each other. The numbers
# below it are those that NIST certifies in its Statistical Reference Datasets.
LONGLEY = np.loadtxt(
    io.StringIO("""\
83.0 234289 2356 1590 107608 1947 60323
88.5 259426 2325 1456 108632 1948 61122
88.2 258054 3682 1616 109773 1949 60171
89.5 284599 3351 1650 110929 1950 61187
96.2 328975 2099 3099 112075 1951 63221
98.1 346999 1932 3594 113270 1952 63639
99.0 365385 1870 3547 115094 1953 64989
100.0 363112 3578 3350 116219 1954 63761
101.2 397469 2904 3048 117388 1955 66019
104.6 419180 2822 2857 118734 1956 67857
108.4 442769 2936 2798 120445 1957 68169
110.8 444546 4681 2637 121950 1958 66513
112.6 482704 3813 2552 123366 1959 68655
114.2 502601 3931 2514 125368 1960 69564
115.7 518173 4806 2572 127852 1961 69331
116.9 554894 4007 2827 130081 1962 70551
""")
)
ESTIMATES = [
    15.0618722713733,
    -0.0358191792925910,
    -2.02022980381683,
    -1.03322686717359,
    -0.0511041056535807,
    1829.15146461355,
]
ERRORS = [
    84.9149257747669,
    0.0334910077722432,
    0.488399681651699,
    0.214274163161675,
    0.226073200069370,
    455.478499142212,
]
INTERCEPT, INTERCEPT_ERROR = -3482258.63459582, 890420.383607373
RESIDUAL, R_SQUARED = 304.854073561965, 0.995479004577296
NAMES = tuple("abcdefgh")


def play(parts: Sequence[np.ndarray], l2: float = 0.0) -> Solved:
    columns = parts[0].shape[1] - 1
    sites = {f"site-{n}": Site(features=NAMES[:columns], rows=part) for n, part in enumerate(parts)}

    def ask(task: str, request: dict) -> dict:
        return {name: site.describe() if task == "describe" else site.products(request) for name, site in sites.items()}

    return solve(Regression(target="y", features=(), l2=l2), ask)


@pytest.mark.parametrize("cuts", [[], [8], [3, 9], [1, 2, 15]])
def test_certified_numbers_come_out_however_the_rows_are_split(cuts: list[int]) -> None:
    fit = play(np.split(LONGLEY, cuts)).fit
    assert np.allclose(fit.coefficients, ESTIMATES, rtol=1e-7)
    assert fit.intercept == pytest.approx(INTERCEPT, rel=1e-7)
    assert np.allclose(fit.std_errors, ERRORS, rtol=1e-7)
    assert fit.intercept_error == pytest.approx(INTERCEPT_ERROR, rel=1e-7)
    assert fit.residual_stddev == pytest.approx(RESIDUAL, rel=1e-9)
    assert fit.r_squared == pytest.approx(R_SQUARED, rel=1e-12)
    assert fit.degrees_of_freedom == 9


def test_ridge_is_what_the_penalised_rows_say() -> None:
    rows, l2 = LONGLEY, 0.3
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    wide = np.vstack([standard[:, :-1], np.sqrt(l2 * len(rows)) * np.eye(6)])
    best, *_ = np.linalg.lstsq(wide, np.concatenate([standard[:, -1], np.zeros(6)]), rcond=None)
    fit = play(np.split(rows, [7]), l2).fit
    assert np.allclose(fit.coefficients, best * rows[:, -1].std() / rows[:, :-1].std(axis=0))
    assert fit.std_errors is None


@given(arrays(np.float64, (30, 3), elements=st.floats(-1e3, 1e3).map(lambda v: round(v, 3))), st.integers(1, 29))
def test_a_split_changes_nothing(rows: np.ndarray, cut: int) -> None:
    try:
        whole = play([rows]).fit
    except JobRefusalError:
        return
    parted = play([rows[:cut], rows[cut:]]).fit
    predicted = [fit.intercept + rows[:, :-1] @ fit.coefficients for fit in (whole, parted)]
    assert np.allclose(*predicted, atol=1e-3)


@pytest.mark.parametrize("column", [np.full(16, 7.0), LONGLEY[:, 0] * 2 - LONGLEY[:, 3]])
def test_features_that_tell_nothing_of_their_own_are_refused_without_a_penalty(column: np.ndarray) -> None:
    rows = np.insert(LONGLEY, 0, column, axis=1)
    with pytest.raises(JobRefusalError, match="constant or linear in others"):
        play(np.split(rows, [8]))
    assert np.isfinite(play(np.split(rows, [8]), l2=0.1).fit.coefficients).all()


def test_too_few_rows_in_all_are_refused() -> None:
    with pytest.raises(JobRefusalError, match=r"too few|linear in others"):
        play([LONGLEY[:3], LONGLEY[3:7]])


def test_the_document_predicts_without_the_library() -> None:
    document = play(np.split(LONGLEY, [8])).document()
    said = document["intercept"]["estimate"] + sum(
        document["coefficients"][name]["estimate"] * value for name, value in zip(NAMES, LONGLEY[0, :-1], strict=False)
    )
    assert abs(said - LONGLEY[0, -1]) < 2 * RESIDUAL
    assert document["coefficients"]["f"]["t"] == pytest.approx(4.016, abs=0.001)


@pytest.mark.parametrize("answer", [{"products": [[1.0]]}, {"products": "x"}, {"products": [[float("nan")] * 7] * 7}])
def test_what_is_no_matrix_of_products_ends_the_job(answer: dict) -> None:
    site = Site(features=NAMES[:6], rows=LONGLEY)
    with pytest.raises(JobRefusalError, match="an exchange carries"):
        solve(
            Regression(target="y", features=(), l2=0.0),
            lambda task, _: {"site": site.describe() if task == "describe" else answer},
        )


def test_small_tables_and_wide_ones_are_not_spoken_of() -> None:
    speak_of(20, 10, [Policy()])
    with pytest.raises(SiteRefusalError, match="`min_count` of 20"):
        speak_of(19, 2, [Policy()])
    with pytest.raises(SiteRefusalError, match="`rows_per_column` of 3"):
        speak_of(29, 10, [Policy(privacy={"rows_per_column": 3}), Policy()])


@pytest.mark.parametrize("value", [0, -1, True, "5", 1.5, None])
def test_a_control_that_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(SiteRefusalError, match="rows_per_column"):
        control_of([Policy(privacy={"rows_per_column": value})], "rows_per_column")
