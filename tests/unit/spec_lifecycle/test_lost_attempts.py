"""An activation that lost a participant is set up anew, and what ran on it runs again."""

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    GOING_UP,
    NOON,
    accepted,
    changed,
    connected,
    gang,
    grants,
    job,
    job_cancelled,
    job_ended,
    life,
    server_ready,
)

from fedpact.contracts.directives import Directive, JobDirective, Wanted
from fedpact.contracts.specs import ActivationRequested
from fedpact.contracts.workloads import Cause, JobPhase, ParticipantChanged, Phase


def killed(participant: str, attempt: int = 1) -> ParticipantChanged:
    return changed(participant, Phase.FAILED, attempt=attempt, cause=Cause.KILLED)


def anew(attempt: int) -> tuple[object, ...]:
    """What is said until an attempt stands."""
    prepared = (accepted(c, attempt=attempt) for c in CLIENTS)
    return (gang(attempt=attempt), grants(attempt=attempt), *prepared, server_ready(attempt=attempt))


@pytest.mark.parametrize("who", [CLIENTS[0], "server"])
def test_an_activation_whose_participant_is_killed_is_set_up_anew_and_its_jobs_run_again(who: str) -> None:
    lost = life(*APPROVAL, ACTIVATE, *GOING_UP, job(), killed(who))
    wanted = {said.part: said for said in lost.said if isinstance(said, Directive)}
    assert lost.status == "updating.awaiting_resources"
    assert {d.wanted for d in wanted.values() if not isinstance(d, JobDirective)} == {Wanted.STOPPED}
    assert {d.wanted for d in wanted.values() if isinstance(d, JobDirective)} <= {Wanted.RUNNING}
    asked = lost.later(1)
    request = next(m for m in asked.said if isinstance(m, ActivationRequested))
    assert (request.generation, request.attempt, request.since) == (1, 2, NOON)
    up = asked.tell(*anew(2), job_ended(attempt=1, phase=JobPhase.CANCELLED), connected(attempt=2))
    assert up.status == "active.running"
    up.tell(job_ended(attempt=2))
    assert (up.status, up.spec.losses if up.spec else None) == ("active.running_idle", 1)


def test_what_was_completed_before_its_activation_was_lost_is_not_run_again() -> None:
    lost = life(*APPROVAL, ACTIVATE, *GOING_UP, job(), killed("server")).later(1)
    up = lost.tell(*anew(2), job_ended(attempt=1), connected(attempt=2))
    assert up.status == "active.running_idle"


def test_a_job_that_was_to_end_stays_ended_when_its_activation_is_lost() -> None:
    lost = life(*APPROVAL, ACTIVATE, *GOING_UP, job(), job_cancelled(), killed("server")).later(1)
    assert (
        lost.tell(*anew(2), job_ended(phase=JobPhase.CANCELLED), connected(attempt=2)).status == "active.running_idle"
    )


def test_a_participant_that_is_killed_again_and_again_ends_the_generation() -> None:
    one = life(*APPROVAL, ACTIVATE, *GOING_UP)
    for attempt in (1, 2, 3):
        one.tell(killed(CLIENTS[0], attempt)).later(1)
        one.tell(*anew(attempt + 1), connected(attempt=attempt + 1))
    assert one.status == "active.running_idle"
    assert one.tell(killed(CLIENTS[0], 4)).status == "failed.failed"
