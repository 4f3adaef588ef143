"""Whatever arrives, in whatever order: a job only moves along the table, and final states stay."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from jobs_values import GRACE, NOON, PACT, cancel, ended, observed, opened, order, refused, stopping, submit

from fedpact.contracts.envelope import Fact
from fedpact.contracts.jobs import JobStatus
from fedpact.contracts.workloads import JobPhase
from fedpact.jobs.domain import lifecycle, submission
from fedpact.jobs.domain.errors import EndedError
from fedpact.jobs.domain.lifecycle import TRANSITIONS
from fedpact.jobs.domain.model import Job

GENERATIONS = st.integers(1, 2)


def cancelled(job: Job, now: datetime) -> Sequence[Fact]:
    with suppress(EndedError):
        return lifecycle.cancelled(job, order(cancel(), now=now))
    return []


NEWS = st.one_of(
    st.builds(
        lambda generation, site: lambda job, now: lifecycle.opened(job, opened(generation=generation), site, now),
        GENERATIONS,
        st.sampled_from(["hub", ""]),
    ),
    st.builds(
        lambda slug: lambda job, now: lifecycle.refused(job, refused(slug=slug), now),
        st.sampled_from(["not_active", "cancelled"]),
    ),
    st.builds(
        lambda generation: lambda job, now: lifecycle.ended(job, ended(generation), GRACE, now),
        GENERATIONS,
    ),
    st.builds(
        lambda phase, generation, site: (
            lambda job, now: lifecycle.observed(job, observed(phase, generation=generation, gateway=site), now)
        ),
        st.sampled_from([phase.value for phase in JobPhase]),
        GENERATIONS,
        st.sampled_from(["hub", "gw-1"]),
    ),
    st.just(lifecycle.overdue),
    st.builds(
        lambda cause, generation: (
            lambda job, now: lifecycle.observed(
                job, observed("cancelled", generation=generation, with_activation=True), now, cause
            )
        ),
        st.sampled_from(["", "culled"]),
        GENERATIONS,
    ),
    st.builds(lambda generation: lambda job, _: lifecycle.explained(job, stopping(generation)), GENERATIONS),
    st.just(cancelled),
    st.just(lambda job, now: submission.submitted(job, order(submit(activate=True, deactivate=True)), PACT)),
)


@given(st.lists(NEWS, max_size=25))
def test_a_job_only_moves_along_the_table(news) -> None:
    job: Job = lifecycle.evolve(
        None, submission.submitted(None, order(submit(activate=True, deactivate=True)), PACT)[0]
    )
    for number, decide in enumerate(news):
        now = NOON + timedelta(seconds=number)
        for fact in decide(job, now):
            before, job = job, lifecycle.evolve(job, fact)
            assert job.status == before.status or job.status in TRANSITIONS[before.status]
            assert not before.status.final or job.status is before.status
        assert_shown_consistently(job)


def assert_shown_consistently(job: Job) -> None:
    working = [step for step in job.steps if step.status == "running"]
    assert len(working) <= 1
    assert all(step.started_at for step in job.steps if step.attempt)
    assert (job.ended_at is not None) == job.status.final
    if job.status.final:
        assert not [step for step in job.steps if step.status == "pending"]
    elif job.status is not JobStatus.SUBMITTED:
        assert working
