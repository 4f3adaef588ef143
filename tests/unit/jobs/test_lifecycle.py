"""The life of a job: messages in, facts out."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from jobs_values import (
    ALICE,
    BOSS,
    COLLEAGUE,
    GRACE,
    NOON,
    PACT,
    STRANGER,
    cancel,
    ended,
    observed,
    opened,
    order,
    refused,
    stopping,
    submit,
)

from fedpact.contracts.envelope import Actor, DomainError, Fact
from fedpact.contracts.jobs import JobCancelled, JobChanged, JobForetold, JobMoved, JobOrphaned, JobStatus
from fedpact.jobs.domain import lifecycle, submission
from fedpact.jobs.domain.errors import IllegalMoveError
from fedpact.jobs.domain.model import Job

LATER = NOON + GRACE
Step = Callable[[Job | None], Sequence[Fact]]


def submitted(**parts: Any) -> Step:
    return lambda job: submission.submitted(job, order(submit(**parts)), PACT)


def taken(orchestrator: str = "hub", generation: int = 1) -> Step:
    return lambda job: lifecycle.opened(job, opened(generation=generation), orchestrator, NOON)


def seen(phase: str, **parts: Any) -> Step:
    return lambda job: lifecycle.observed(job, observed(phase, **parts), NOON)


def over(generation: int = 1) -> Step:
    return lambda job: lifecycle.ended(job, ended(generation), GRACE, NOON)


def denied(slug: str = "payload_out_of_bounds") -> Step:
    return lambda job: lifecycle.refused(job, refused(slug=slug), NOON)


def dropped(actor: Actor = ALICE) -> Step:
    return lambda job: lifecycle.cancelled(job, order(cancel(), actor))


def late(job: Job | None) -> Sequence[Fact]:
    return lifecycle.overdue(job, LATER)


def after(*steps: Step) -> Job:
    job: Job | None = None
    for step in steps:
        for fact in step(job):
            job = lifecycle.evolve(job, fact)
    assert job is not None
    return job


def names(job: Job) -> dict[str, str]:
    return {step.name.value: step.status for step in job.steps}


@pytest.mark.parametrize(
    ("steps", "status", "shown"),
    [
        ((), "created", {"activate": "running", "submit": "pending", "execute": "pending", "deactivate": "pending"}),
        (
            (taken(),),
            "provisioning",
            {"activate": "completed", "submit": "running", "execute": "pending", "deactivate": "pending"},
        ),
        (
            (taken(), seen("submitted")),
            "submitted",
            {"activate": "completed", "submit": "completed", "execute": "pending", "deactivate": "pending"},
        ),
        (
            (taken(), seen("running")),
            "running",
            {"activate": "completed", "submit": "completed", "execute": "running", "deactivate": "pending"},
        ),
        (
            (taken(), seen("running"), seen("completed")),
            "completed",
            {"activate": "completed", "submit": "completed", "execute": "completed", "deactivate": "running"},
        ),
        (
            (taken(), seen("completed"), over()),
            "completed",
            {"activate": "completed", "submit": "completed", "execute": "completed", "deactivate": "completed"},
        ),
        (
            (taken(), seen("running"), seen("failed", reason="exit 1")),
            "failed",
            {"activate": "completed", "submit": "completed", "execute": "failed", "deactivate": "running"},
        ),
        (
            (taken(), seen("cancelled")),
            "cancelled",
            {"activate": "completed", "submit": "skipped", "execute": "skipped", "deactivate": "running"},
        ),
        (
            (taken(), seen("running"), over(), late),
            "cancelled",
            {"activate": "completed", "submit": "completed", "execute": "skipped", "deactivate": "completed"},
        ),
        (
            (denied(),),
            "failed",
            {"activate": "failed", "submit": "skipped", "execute": "skipped", "deactivate": "skipped"},
        ),
    ],
)
def test_a_one_shot_job_shows_what_it_does(steps: Sequence[Step], status: str, shown: dict[str, str]) -> None:
    job = after(submitted(activate=True, deactivate=True), *steps)
    assert (job.status, names(job)) == (status, shown)


def test_steps_nobody_asked_for_are_skipped() -> None:
    job = after(submitted(), taken(), seen("completed"))
    assert names(job) == {
        "activate": "skipped",
        "submit": "completed",
        "execute": "completed",
        "deactivate": "skipped",
    }
    assert [step.attempt for step in job.steps] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("slug", "status"),
    [
        ("payload_out_of_bounds", "failed"),
        ("not_active", "failed"),
        ("activation_ended", "cancelled"),
        ("cancelled", "cancelled"),
    ],
)
def test_a_refusal_ends_the_job_with_its_reason(slug: str, status: str) -> None:
    job = after(submitted(activate=True), denied(slug))
    assert (job.status, job.reason, job.ended_at) == (status, "rounds: 3 is more than 2", NOON)


def test_a_job_that_was_never_taken_is_not_ended_by_the_end_of_an_activation() -> None:
    assert over()(after(submitted(activate=True))) == []


def test_an_older_generation_ending_does_not_concern_the_job() -> None:
    assert over(1)(after(submitted(), taken(generation=2))) == []


def test_a_job_whose_activation_ended_is_cancelled_when_nobody_says_how_it_ended() -> None:
    job = after(submitted(), taken(), seen("running"), over())
    assert lifecycle.due(job) == LATER
    assert lifecycle.overdue(job, LATER - GRACE / 2) == []
    job = after(submitted(), taken(), seen("running"), over(), late)
    assert (job.status, job.reason) == ("cancelled", "the activation ended: deactivated")
    assert lifecycle.due(job) is None


def test_the_last_word_of_the_agent_wins_when_it_comes_in_time() -> None:
    job = after(submitted(deactivate=True), taken(), over(), seen("completed"), late)
    assert (job.status, job.reason) == ("completed", "")
    assert names(job)["deactivate"] == "completed"


def test_the_end_of_the_activation_is_told_once() -> None:
    assert [type(fact) for fact in over()(after(submitted(), taken()))] == [JobOrphaned]
    assert over()(after(submitted(), taken(), over())) == []
    assert over()(after(submitted(), taken(), seen("completed"))) == []


@pytest.mark.parametrize(
    "said",
    [
        seen("completed", gateway="gw-1"),
        seen("completed", generation=2),
        lambda job: lifecycle.observed(job, observed("completed").model_copy(update={"spec_id": "s2"}), NOON),
    ],
)
def test_only_the_orchestrator_of_its_activation_is_believed(said: Step) -> None:
    assert said(after(submitted(), taken())) == []


def test_what_was_said_before_the_activation_is_known_counts_from_then_on() -> None:
    job = after(submitted(), seen("submitted"), seen("completed"), seen("failed", gateway="gw-1"), taken())
    assert (job.status, dict(job.foretold)) == ("completed", {})


@pytest.mark.parametrize("wrong", [seen("completed", gateway="gw-1"), seen("completed", generation=9)])
def test_what_a_stranger_foretold_never_counts(wrong: Step) -> None:
    assert after(submitted(), wrong, taken()).status == "provisioning"


def test_the_same_word_too_early_is_kept_once() -> None:
    assert [type(fact) for fact in seen("running")(after(submitted()))] == [JobForetold]
    assert seen("running")(after(submitted(), seen("running"))) == []


def test_lost_results_are_part_of_the_reason() -> None:
    job = after(submitted(), taken(), seen("failed", reason="exit 1", results_lost=True))
    assert job.reason == "exit 1; its results were lost"


@pytest.mark.parametrize("actor", [ALICE, BOSS])
def test_a_job_that_was_not_taken_is_cancelled_at_once(actor: Actor) -> None:
    facts = dropped(actor)(after(submitted()))
    assert [type(fact) for fact in facts] == [JobCancelled, JobMoved]
    assert after(submitted(), dropped(actor)).status == "cancelled"


def test_a_running_job_is_cancelled_when_its_agent_says_so() -> None:
    job = after(submitted(), taken(), seen("running"), dropped())
    assert (job.status, job.cancelling) == ("running", True)
    assert dropped()(job) == []
    assert after(submitted(), taken(), seen("running"), dropped(), seen("cancelled")).status == "cancelled"


@pytest.mark.parametrize("actor", [COLLEAGUE, STRANGER])
def test_others_do_not_cancel_a_job(actor: Actor) -> None:
    with pytest.raises(DomainError) as refusal:
        dropped(actor)(after(submitted()))
    assert refusal.value.slug == "not_allowed"


def test_cancelling_what_does_not_exist_is_refused() -> None:
    with pytest.raises(DomainError) as refusal:
        dropped()(None)
    assert refusal.value.slug == "unknown_job"


@pytest.mark.parametrize("phase", ["completed", "failed"])
def test_cancelling_what_had_ended_otherwise_says_so(phase: str) -> None:
    with pytest.raises(DomainError, match=f"had already {phase}") as refusal:
        dropped()(after(submitted(), taken(), seen(phase)))
    assert refusal.value.slug == "already_ended"


def test_cancelling_what_was_cancelled_changes_nothing() -> None:
    assert dropped()(after(submitted(), denied("cancelled"))) == []


AGENTS = "the activation ended before the job did"


def taken_along(cause: str = "") -> Step:
    said = observed("cancelled", with_activation=True, reason=AGENTS)
    return lambda job: lifecycle.observed(job, said, NOON, cause)


def stopped(generation: int = 1) -> Step:
    return lambda job: lifecycle.explained(job, stopping(generation))


@pytest.mark.parametrize(
    ("news", "reason"),
    [
        ((taken_along("culled"),), "the activation ended: culled"),
        ((taken_along(), stopped()), "the activation ended: culled"),
        ((taken_along(), over()), "the activation ended: deactivated"),
        ((over(), taken_along()), "the activation ended: deactivated"),
        ((taken_along(),), AGENTS),
        ((taken_along(), stopped(generation=2)), AGENTS),
    ],
)
def test_a_job_its_activation_took_along_says_why_the_activation_ended(news: tuple[Step, ...], reason: str) -> None:
    job = after(submitted(), taken(), *news)
    assert (job.status, job.reason) == ("cancelled", reason)


def test_a_job_that_waits_for_an_explanation_is_not_settled() -> None:
    assert not after(submitted(), taken(), taken_along()).settled
    assert after(submitted(), taken(), taken_along(), stopped()).settled


@pytest.mark.parametrize("end", [seen("completed"), seen("failed", reason="exit 1"), taken_along("deactivated")])
def test_the_reason_of_what_is_explained_stays(end: Step) -> None:
    assert stopped()(after(submitted(), taken(), end)) == []


def test_a_cancelled_job_is_not_opened() -> None:
    assert taken()(after(submitted(), dropped())) == []


def test_every_change_tells_the_whole_job() -> None:
    before, now = after(submitted()), after(submitted(), taken(), seen("running", engine_job="flare-7"))
    [whole] = lifecycle.changed(before, now)
    assert isinstance(whole, JobChanged)
    assert (whole.status, whole.engine_job, whole.generation) == (JobStatus.RUNNING, "flare-7", 1)
    assert lifecycle.changed(now, now) == []


def test_a_move_off_the_table_is_an_error() -> None:
    job = after(submitted(), denied())
    with pytest.raises(IllegalMoveError):
        lifecycle.evolve(job, JobMoved(job_id="j1", spec_id="s1", status=JobStatus.RUNNING, at=NOON))


@pytest.mark.parametrize("step", [taken(), denied(), over(), seen("running"), late])
def test_news_of_an_unknown_job_changes_nothing(step: Step) -> None:
    assert step(None) == []
