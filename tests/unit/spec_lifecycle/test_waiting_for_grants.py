"""Between capacity and the sites stands policy: what holds capacity does not wait for its grants for ever."""

from datetime import timedelta

from spec_values import ACTIVATE, APPROVAL, LIMITS, NOON, Life, gang, grants, job, life, refused

from fedpact.contracts.specs import ActivationEnded, EndOutcome, JobRefused, Stage
from fedpact.contracts.workloads import Cause

PATIENCE = LIMITS.grant.total_seconds()


def stage(life: Life) -> Stage:
    assert life.spec is not None
    return life.spec.stage


def test_what_is_placed_and_gets_no_grants_ends_and_says_what_to_do() -> None:
    late = life(*APPROVAL, ACTIVATE, gang()).later(PATIENCE)
    (end,) = [fact for fact in late.said if isinstance(fact, ActivationEnded)]
    assert (end.outcome, end.fenced) == (EndOutcome.FAILED, {})
    assert end.cause == "policy gave no grants within 120 s: see that the policy service runs, then activate again"
    assert late.status == "failed.failed"


def test_grants_that_come_too_late_change_nothing() -> None:
    late = life(*APPROVAL, ACTIVATE, gang()).later(PATIENCE).tell(grants())
    assert (stage(late), late.said) == (Stage.IDLE, [])


def test_grants_that_come_in_time_start_the_time_to_get_ready() -> None:
    waiting = life(*APPROVAL, ACTIVATE, gang()).later(PATIENCE - 1)
    assert stage(waiting) is Stage.WAITING
    granted = waiting.tell(grants())
    assert granted.spec is not None
    assert granted.spec.due_at == NOON + timedelta(seconds=PATIENCE - 1) + LIMITS.prepare
    assert stage(granted.later(PATIENCE)) is Stage.CREATING


def test_waiting_for_capacity_has_no_end() -> None:
    assert stage(life(*APPROVAL, ACTIVATE).later(10 * 24 * 3600)) is Stage.WAITING


def test_jobs_that_waited_for_it_are_told() -> None:
    late = life(*APPROVAL, job(activate=True), gang()).later(PATIENCE)
    assert [fact.job_id for fact in late.said if isinstance(fact, JobRefused)] == ["j-1"]


def sent_back() -> Life:
    return life(*APPROVAL, ACTIVATE, gang(), grants(), refused("gateway-1-1", Cause.CAPACITY))


def test_answers_to_the_attempt_before_are_not_waited_for_while_it_pauses() -> None:
    assert stage(sent_back().tell(gang(), grants())) is Stage.WAITING


def test_the_next_attempt_waits_for_grants_of_its_own() -> None:
    assert stage(sent_back().later(60).tell(gang(attempt=2), grants(attempt=2))) is Stage.CREATING
    late = sent_back().later(60).tell(gang(attempt=2)).later(PATIENCE)
    assert any(isinstance(fact, ActivationEnded) for fact in late.said)
