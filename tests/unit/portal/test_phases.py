"""A timeline as phases: each status until the next, each job by itself."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from portal_values import later

from fedpact.contracts.api import TimelineEntry
from fedpact.portal.domain.phases import Phase, phases, status_in

CHANGED, JOB, OTHER = "specs.spec.changed", "jobs.job.changed", "specs.verdict.reached"


def line(number: int, text: str, kind: str = CHANGED, job: str | None = None) -> TimelineEntry:
    return TimelineEntry(
        id=f"specs/{number}", type=kind, time=later(number), about="s-1", text=text, spec_id="s-1", job_id=job
    )


def told(found: list[Phase]) -> list[tuple[str, int, float | None]]:
    return [(p.status, len(p.entries), p.lasted.total_seconds() if p.lasted is not None else None) for p in found]


def test_each_status_lasts_until_the_next_and_the_last_goes_on() -> None:
    lines = [
        line(0, "inactive.awaiting_activation"),
        line(5, "updating.creating; a starting"),
        line(7, "updating.creating: slow; a ready"),
        line(9, "active.running_idle"),
    ]
    assert told(list(phases(lines))) == [
        ("inactive.awaiting_activation", 1, 5.0),
        ("updating.creating", 2, 4.0),
        ("active.running_idle", 1, None),
    ]


def test_what_is_said_in_between_ends_no_status() -> None:
    lines = [line(0, "active.running"), line(1, "verdict approved", OTHER), line(2, "active.running: still")]
    assert told(list(phases(lines))) == [("active.running", 2, None), ("", 1, None)]


def test_the_same_said_again_is_said_once() -> None:
    lines = [line(n, "verdict rejected", OTHER) for n in range(3)]
    assert told(list(phases(lines))) == [("", 3, None)]


def test_a_job_is_one_phase_from_its_first_word_to_its_last() -> None:
    lines = [
        line(0, "job j-1 created", JOB, "j-1"),
        line(1, "active.running"),
        line(2, "job j-1 running", JOB, "j-1"),
        line(3, "job j-1 left 3 files", "jobs.artifacts.stored", "j-1"),
        line(4, "job j-1 failed: it ran out of memory", JOB, "j-1"),
        line(5, "job j-2 running", JOB, "j-2"),
    ]
    assert told(list(phases(lines))) == [("failed", 4, 4.0), ("active.running", 1, None), ("running", 1, None)]


def test_a_status_is_read_from_lines_about_the_spec_only() -> None:
    assert status_in(line(0, "failed.failed: no space")) == "failed.failed"
    assert status_in(line(0, "failed.failed", OTHER)) == ""


@given(st.lists(st.tuples(st.sampled_from([CHANGED, JOB, OTHER]), st.sampled_from(["a.b", "c.d", "job j created"]))))
def test_every_line_is_told_once_and_nothing_lasts_less_than_nothing(kinds: list[tuple[str, str]]) -> None:
    lines = [line(n, text, kind, "j" if kind == JOB else None) for n, (kind, text) in enumerate(kinds)]
    found = phases(lines)
    assert sorted(e.id for phase in found for e in phase.entries) == sorted(e.id for e in lines)
    assert all(phase.lasted is None or phase.lasted >= timedelta() for phase in found)
