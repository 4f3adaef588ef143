"""What the watchdog says about each thing that can go wrong."""

from dataclasses import replace
from datetime import timedelta

from agent_values import NOON
from hypothesis import given
from hypothesis import strategies as st

from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.watchdog import (
    Complete,
    JobLost,
    Notice,
    NotReady,
    Patience,
    Sight,
    SiteLost,
    Verdict,
    look,
)

SITES = frozenset({"a-1", "b-1"})
PATIENCE = Patience()
WELL = Sight(now=NOON, expected=SITES, heard=dict.fromkeys(SITES, NOON))
BEGUN = Notice(began=NOON)
COMPLETE = Notice(began=NOON, complete=True)


def verdicts(notice: Notice, sight: Sight) -> tuple[Verdict, ...]:
    return look(notice, sight, PATIENCE)[1]


def later(sight: Sight, seconds: float) -> Sight:
    """The same sight some time on, with sites that are heard of still heard of."""
    now = sight.now + timedelta(seconds=seconds)
    return replace(sight, now=now, heard=dict.fromkeys(sight.heard, now))


def test_an_activation_is_complete_once() -> None:
    notice, said = look(BEGUN, WELL, PATIENCE)
    assert said == (Complete(sites=("a-1", "b-1")),)
    assert verdicts(notice, later(WELL, 1)) == ()


def test_a_slow_site_is_waited_for_until_the_deadline() -> None:
    half = replace(WELL, heard={"a-1": NOON})
    assert verdicts(BEGUN, later(half, 180)) == ()
    assert verdicts(BEGUN, later(half, 181)) == (NotReady(missing=("b-1",)),)


def test_a_site_that_was_there_and_is_not_connected_is_lost() -> None:
    assert verdicts(COMPLETE, replace(WELL, heard={"a-1": NOON})) == (SiteLost(site="b-1"),)


def test_a_connected_site_that_is_silent_too_long_is_lost() -> None:
    silent = replace(WELL, now=NOON + timedelta(seconds=181), heard={"a-1": NOON, "b-1": NOON + timedelta(seconds=2)})
    assert verdicts(COMPLETE, silent) == (SiteLost(site="a-1"),)


def test_a_job_that_says_running_but_does_not_run_is_lost_after_a_while() -> None:
    ghost = replace(WELL, jobs={"j": Status.RUNNING})
    notice, said = look(COMPLETE, ghost, PATIENCE)
    assert said == ()
    assert look(notice, later(ghost, 60), PATIENCE)[1] == ()
    assert look(notice, later(ghost, 61), PATIENCE)[1] == (JobLost(job="j"),)


def test_a_job_that_runs_after_all_is_no_ghost_any_more() -> None:
    ghost = replace(WELL, jobs={"j": Status.RUNNING})
    notice, _ = look(COMPLETE, ghost, PATIENCE)
    notice, _ = look(notice, later(replace(ghost, running=frozenset({"j"})), 50), PATIENCE)
    assert verdicts(notice, later(ghost, 100)) == ()


def test_idle_counts_from_the_end_of_the_last_job() -> None:
    busy = replace(WELL, jobs={"j": Status.RUNNING}, running=frozenset({"j"}))
    notice, _ = look(COMPLETE, busy, PATIENCE)
    assert notice.idle_since is None
    notice, _ = look(notice, later(replace(WELL, jobs={"j": Status.COMPLETED}), 5), PATIENCE)
    notice, _ = look(notice, later(WELL, 50), PATIENCE)
    assert notice.idle_since == NOON + timedelta(seconds=5)


def test_a_queued_job_is_not_idleness() -> None:
    assert look(COMPLETE, replace(WELL, jobs={"j": Status.SUBMITTED}), PATIENCE)[0].idle_since is None


SIGHTS = st.builds(
    Sight,
    now=st.integers(0, 1000).map(lambda s: NOON + timedelta(seconds=s)),
    expected=st.just(SITES),
    heard=st.dictionaries(
        st.sampled_from(["a-1", "b-1", "c-1"]), st.integers(0, 1000).map(lambda s: NOON + timedelta(seconds=s))
    ),
    jobs=st.dictionaries(st.sampled_from(["j", "k"]), st.sampled_from(list(Status))),
    running=st.frozensets(st.sampled_from(["j", "k"])),
)


@given(st.lists(SIGHTS, max_size=8))
def test_whatever_is_seen_only_jobs_in_sight_are_judged(sights: list[Sight]) -> None:
    notice = BEGUN
    for sight in sights:
        notice, said = look(notice, sight, PATIENCE)
        jobs = {v.job for v in said if isinstance(v, JobLost)}
        assert jobs <= sight.jobs.keys() | sight.running
        assert sum(isinstance(v, Complete | NotReady) for v in said) <= 1
        assert notice.idle_since is None or not sight.running
