"""An activation that lost a participant is set up anew, and what ran on it runs again."""

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    DEACTIVATE,
    GOING_UP,
    NOON,
    Life,
    accepted,
    changed,
    connected,
    gang,
    gone,
    grants,
    grants_denied,
    grants_renewed,
    job,
    job_cancelled,
    job_ended,
    life,
    refused,
    server_ready,
)

from fedpact.contracts.directives import Directive, JobDirective, Wanted
from fedpact.contracts.specs import ActivationEnded, ActivationRequested, ActivationSentBack, ParticipantReleased
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


@pytest.mark.parametrize(("attempt", "told"), [(1, set()), (2, set(CLIENTS))])
def test_only_the_living_attempt_s_grants_are_renewed(attempt: int, told: set[str]) -> None:
    up = life(*APPROVAL, ACTIVATE, *GOING_UP, killed("server")).later(1).tell(*anew(2), connected(attempt=2))
    renewed = up.tell(grants_renewed(attempt=attempt)).said
    assert {said.part for said in renewed if isinstance(said, Directive)} == told


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


EVERYBODY = {"server", *CLIENTS}


def lost() -> Life:
    return life(*APPROVAL, ACTIVATE, *GOING_UP, killed(CLIENTS[0]))


def fenced(life: Life) -> set[str]:
    """Whom the last message left fenced, as others hear it."""
    facts = [fact for fact in life.said if isinstance(fact, ActivationSentBack | ActivationEnded)]
    return set(facts[-1].fenced)


def released(life: Life) -> list[tuple[str, int]]:
    return [(fact.participant, fact.attempt) for fact in life.said if isinstance(fact, ParticipantReleased)]


def test_what_ran_in_a_lost_attempt_is_fenced_until_its_site_says_that_it_is_gone() -> None:
    living = lost()
    assert fenced(living) == EVERYBODY
    assert released(living.tell(gone("server"))) == [("server", 1)]
    assert released(living.tell(gone("server"))) == []
    assert fenced(living.tell(DEACTIVATE)) == {*CLIENTS}
    assert living.status == "inactive.shutdown"
    assert released(living.tell(gone(CLIENTS[0]))) == [(CLIENTS[0], 0)]
    assert [fence.participant for fence in living.spec.fences] == [CLIENTS[1]] if living.spec else False


def test_what_a_gateway_without_room_sent_back_is_fenced_until_it_is_gone() -> None:
    living = life(*APPROVAL, ACTIVATE, gang(), grants(), refused(CLIENTS[0], Cause.CAPACITY))
    assert fenced(living) == EVERYBODY
    assert fenced(living.tell(*(gone(name) for name in EVERYBODY), DEACTIVATE)) == set()


def test_an_attempt_that_was_placed_and_asked_nobody_leaves_those_of_the_one_before_fenced() -> None:
    living = lost().tell(gone("server")).later(1).tell(gang(attempt=2), DEACTIVATE)
    assert fenced(living) == {*CLIENTS}
    denied = lost().later(1).tell(gang(attempt=2), grants_denied().model_copy(update={"attempt": 2}))
    assert fenced(denied) == EVERYBODY


def test_a_site_that_speaks_of_the_next_attempt_has_ended_the_one_before() -> None:
    living = lost().later(1).tell(gang(attempt=2), grants(attempt=2))
    assert released(living.tell(accepted(CLIENTS[1], attempt=2))) == [(CLIENTS[1], 1)]
    living.tell(accepted(CLIENTS[0], attempt=2), server_ready(attempt=2), connected(attempt=2))
    assert living.status == "active.running_idle"
    assert fenced(living.tell(DEACTIVATE, *(gone(c, attempt=2) for c in CLIENTS)).later(60)) == {"server"}
    assert released(living.tell(gone("server", attempt=1))) == []
    assert released(living.tell(gone("server", attempt=2))) == [("server", 0)]


def test_a_site_that_speaks_of_the_next_generation_has_ended_the_one_before() -> None:
    living = lost().tell(DEACTIVATE, ACTIVATE, gang(2), grants(2), accepted(CLIENTS[1], generation=2))
    assert released(living) == [(CLIENTS[1], 0)]


def test_what_fails_after_its_attempt_was_lost_ends_nothing() -> None:
    living = lost().tell(changed(CLIENTS[1], Phase.FAILED, cause=Cause.EXIT), killed("server"))
    assert living.status == "updating.awaiting_resources"
    assert living.later(1).tell(*anew(2), connected(attempt=2)).status == "active.running_idle"
