"""What a benchmark's verdict says of the rounds it saw, and which rounds it sees."""

from collections.abc import Iterator

import pytest
from bench_harness import (
    Finding,
    Limit,
    Measure,
    Processors,
    Round,
    Rounds,
    Sample,
    alternate,
    at_least_times,
    at_most,
    at_most_more,
    at_most_times,
    conclude,
    processors,
)

STEADY = (2.0, 2.1, 2.2)
UNSTEADY = (2.0, 2.1, 4.1)


def fault(limit: Limit | None, reference: tuple[float, ...], ours: tuple[float, ...]) -> str | None:
    return Finding(measure=Measure(name="p99", unit="ms", limit=limit), reference=reference, ours=ours).fault()


@pytest.mark.parametrize(
    ("limit", "within", "past"),
    [
        (at_most(50, "ms"), 50.0, 50.1),
        (at_most_times(2.5), 5.25, 5.26),
        (at_least_times(0.5), 1.05, 1.04),
        (at_most_more(0.1, 1.5), 3.6, 3.61),
        (at_most_more(1.0, 1.5), 4.2, 4.21),
    ],
)
def test_the_median_is_judged(limit: Limit, within: float, past: float) -> None:
    assert fault(limit, STEADY, (0.0, within, 99.0)) is None
    assert limit.text in str(fault(limit, STEADY, (0.0, past, 99.0)))


@pytest.mark.parametrize("limit", [at_most(50, "ms"), at_most_times(9), at_least_times(0.1), at_most_more(9, 9)])
def test_beside_an_unsteady_reference_nothing_holds(limit: Limit) -> None:
    assert "nothing can be said" in str(fault(limit, UNSTEADY, (2.0, 2.0, 2.0)))


def test_what_has_no_limit_is_not_judged() -> None:
    assert fault(None, UNSTEADY, (99.0, 99.0, 99.0)) is None


def test_one_fault_fails_the_run_and_is_said_last(capsys: pytest.CaptureFixture[str]) -> None:
    good = Finding(measure=Measure(name="p50", unit="ms"), reference=STEADY, ours=STEADY)
    bad = Finding(measure=Measure(name="p99", unit="ms", limit=at_most(1, "ms")), reference=STEADY, ours=STEADY)
    assert conclude("messages", [good]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "bench messages: within every limit"
    assert conclude("messages", [good, bad]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("bench messages: FAILED: p99: 2.1 ms beside 2.1 ms")


def losing(*shares: float) -> Iterator[Processors]:
    """What is read before and after every round, when rounds of 100 processor seconds lose these shares."""
    whole = stolen = 0.0
    for share in shares:
        yield Processors(whole, stolen)
        whole, stolen = whole + 100, stolen + 100 * share
        yield Processors(whole, stolen)


def counting(first: float) -> Round:
    """Rounds that find `first` and then one more each time."""
    numbers = iter(range(1000))

    async def turn() -> Sample:
        return {"p99": first + next(numbers)}

    return turn


async def ran(shares: tuple[float, ...], again: int) -> tuple[list[float], list[float], int]:
    """What counted of the reference (from 0) and of ours (from 100) in two rounds, and how often one may still repeat."""
    reads = losing(*shares)
    rounds = Rounds(look=lambda: next(reads), again=again, pause=0)
    reference, ours = await alternate(counting(0), counting(100), rounds=2, turns=rounds)
    assert next(reads, None) is None, "a round was not run"
    return [s["p99"] for s in reference], [s["p99"] for s in ours], rounds.again


async def test_undisturbed_rounds_count_once_each_but_the_first() -> None:
    assert await ran((0, 0.01, 0, 0, 0.005, 0), again=9) == ([1, 2], [101, 102], 9)


@pytest.mark.parametrize("lost", [0.011, 0.9])
async def test_a_disturbed_round_runs_again_whichever_side_it_is_of(lost: float) -> None:
    assert await ran((0, 0, lost, 0, lost, lost, 0, 0, 0), again=9) == ([3, 4], [102, 103], 6)


async def test_rounds_count_as_they_are_when_none_may_run_again() -> None:
    assert await ran((0, 0, 0.5, 0.5, 0.5, 0.5, 0.5), again=1) == ([1, 2], [102, 103], 0)


async def test_a_disturbed_round_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    await ran((0, 0, 0.25, 0, 0, 0, 0), again=9)
    told = capsys.readouterr().out.splitlines()
    assert told[2:4] == [
        "round 1  ours       p99 101  disturbed: 25.0% of the processors lost",
        "round 1  ours       p99 102",
    ]


def test_the_kernel_tells_of_processors() -> None:
    before = processors()
    assert 0 <= before.stolen <= before.whole
    assert processors().lost_since(Processors(0, 0)) <= 1
