"""Which answers and observations an activation goes on with: its own, in the stage that waits for them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    DEACTIVATE,
    GOING_DOWN,
    GOING_UP,
    LIMITS,
    NOON,
    SPEC,
    accepted,
    changed,
    connected,
    gang,
    gang_refused,
    gone,
    grants,
    grants_denied,
    grants_renewed,
    job,
    job_ended,
    life,
    refused,
    server_ready,
)

from fedpact.contracts.scheduling import ActivationIdled
from fedpact.contracts.specs import (
    ActivationCompleted,
    ActivationSentBack,
    ActivationStopping,
    ParticipantMoved,
    ServerListens,
    Stage,
)
from fedpact.contracts.workloads import Cause, ParticipantFact, Phase, ServerReady, SitesConnected
from fedpact.spec_lifecycle.domain.model import Spec

ASKED = (*APPROVAL, ACTIVATE)
GRANTED = (*ASKED, gang(), grants())
PREPARED = (*GRANTED, *map(accepted, CLIENTS))
LISTENING = (*PREPARED, server_ready())
UP = (*ASKED, *GOING_UP)
DELETING = (*UP, DEACTIVATE)
ENDED = (*DELETING, *GOING_DOWN)
FULL = refused(CLIENTS[0], Cause.CAPACITY)
SENT_BACK = (*GRANTED, FULL)
KILLED = changed("server", Phase.FAILED, cause=Cause.KILLED)
SECOND = (*ASKED, DEACTIVATE, ACTIVATE)


def after(*told: object) -> Spec:
    spec = life(*told).spec
    assert spec is not None
    return spec


@pytest.mark.parametrize("answer", [gang(), gang_refused(), grants(), grants_denied()])
@pytest.mark.parametrize("told", [APPROVAL, GRANTED, UP, DELETING, ENDED, SENT_BACK, SECOND])
def test_answers_that_nobody_waits_for_change_nothing(told: Sequence[object], answer: object) -> None:
    assert life(*told, answer).said == []


@pytest.mark.parametrize("answer", [grants(), grants_denied()])
def test_grants_of_an_older_generation_do_not_count_for_the_one_that_is_placed(answer: object) -> None:
    assert life(*SECOND, gang(2), answer).said == []


def test_grants_start_nothing_before_there_is_capacity() -> None:
    assert life(*ASKED, grants()).said == []


@pytest.mark.parametrize("told", [SENT_BACK, (*UP, KILLED), DELETING, ENDED, (*SECOND, gang(2), grants(2))])
def test_grants_are_renewed_only_for_what_runs(told: Sequence[object]) -> None:
    assert life(*told, grants_renewed()).said == []


WORDS = (accepted(CLIENTS[0]), refused(CLIENTS[0]), changed(CLIENTS[0], Phase.FAILED), gone(CLIENTS[0]))


@pytest.mark.parametrize("told", [GRANTED, UP, SENT_BACK, DELETING])
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "claim", [{"gateway": "gateway-2"}, {"gateway": "orchestrator"}, {"participant": "gateway-1-9"}]
)
def test_a_site_speaks_of_its_own_participants_alone(
    told: Sequence[object], word: ParticipantFact, claim: dict[str, str]
) -> None:
    assert life(*told, word.model_copy(update=claim)).said == []


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("told", [(*SENT_BACK, DEACTIVATE), (*ASKED, gang(), DEACTIVATE), ENDED])
def test_what_is_said_of_an_ended_generation_does_not_end_it_again(told: Sequence[object], word: object) -> None:
    before, found = after(*told), after(*told, word)
    assert (found.stage, found.participants) == (Stage.IDLE, before.participants)


@pytest.mark.parametrize("word", [accepted(CLIENTS[0]), changed(CLIENTS[0], Phase.READY)])
def test_only_an_end_releases_a_fence(word: object) -> None:
    fenced = life(*DELETING).later(LIMITS.stop.total_seconds())
    assert fenced.spec is not None
    assert len(fenced.spec.fences) == 1 + len(CLIENTS)
    assert fenced.tell(word).said == []


@pytest.mark.parametrize("told", [SENT_BACK, (*UP, KILLED), DELETING])
@pytest.mark.parametrize("word", [accepted(CLIENTS[1]), refused(CLIENTS[1]), refused(CLIENTS[1], Cause.CAPACITY)])
def test_what_is_being_taken_down_neither_prepares_nor_refuses(told: Sequence[object], word: object) -> None:
    assert life(*told, word).said == []


@pytest.mark.parametrize("told", [(*PREPARED, FULL), UP, (*PREPARED, DEACTIVATE), DELETING, (*UP, KILLED), ENDED])
def test_a_server_is_heard_only_while_its_activation_is_created(told: Sequence[object]) -> None:
    elsewhere = server_ready().model_copy(update={"port": 2})
    assert life(*told, elsewhere).said == []


@pytest.mark.parametrize(
    ("told", "word"),
    [(PREPARED, server_ready()), (LISTENING, connected())],
    ids=["listens", "connected"],
)
@pytest.mark.parametrize("claim", [{"gateway": "gateway-1"}, {"generation": 0}, {"generation": 2}, {"attempt": 0}])
def test_only_the_orchestrator_speaks_of_the_server_and_of_the_placed_attempt(
    told: Sequence[object], word: ServerReady | SitesConnected, claim: dict[str, object]
) -> None:
    assert life(*told, word.model_copy(update=claim)).said == []


@pytest.mark.parametrize(
    ("change", "news"),
    [({}, False), ({"port": 2}, True), ({"certificates": {CLIENTS[0]: "crt"}}, True)],
)
def test_a_server_that_says_the_same_again_is_no_news(change: dict[str, object], news: bool) -> None:
    again = life(*LISTENING, server_ready().model_copy(update=change))
    assert any(isinstance(fact, ServerListens) for fact in again.said) is news


@pytest.mark.parametrize("told", [(*UP, KILLED), DELETING, UP, ENDED])
def test_sites_complete_only_what_is_being_created(told: Sequence[object]) -> None:
    assert life(*told, connected()).said == []


@pytest.mark.parametrize("sites", [(), CLIENTS[:1], (*CLIENTS, "gateway-3-1")])
def test_other_sites_than_the_expected_ones_complete_nothing(sites: Sequence[str]) -> None:
    assert not any(isinstance(fact, ActivationCompleted) for fact in life(*LISTENING, connected(sites=sites)).said)


def test_what_waits_to_be_set_up_anew_does_not_idle() -> None:
    rests = life(*UP, job(), KILLED, job_ended())
    assert rests.tell(ActivationIdled(spec_id=SPEC, generation=1, since=NOON)).said == []


@pytest.mark.parametrize(
    ("first", "second", "news"),
    [
        ({}, {}, False),
        ({}, {"message": "pulls the image"}, True),
        ({}, {"phase": Phase.READY}, True),
    ],
)
def test_a_participant_that_says_the_same_again_is_no_news(
    first: dict[str, object], second: dict[str, object], news: bool
) -> None:
    word = changed(CLIENTS[0], Phase.STARTING)
    said = life(*GRANTED, word.model_copy(update=first), word.model_copy(update=second)).said
    assert any(isinstance(fact, ParticipantMoved) for fact in said) is news


@pytest.mark.parametrize("word", [gone(CLIENTS[0]), changed(CLIENTS[0], Phase.STOPPING)])
def test_who_is_gone_says_nothing_more(word: object) -> None:
    assert life(*DELETING, gone(CLIENTS[0]), word).said == []


def test_who_is_killed_on_the_way_down_brings_nothing_back() -> None:
    said = life(*DELETING, changed(CLIENTS[0], Phase.FAILED, cause=Cause.KILLED)).said
    assert [fact.phase for fact in said if isinstance(fact, ParticipantMoved)] == [Phase.FAILED]
    assert not any(isinstance(fact, ActivationSentBack) for fact in said)


@pytest.mark.parametrize(
    "word",
    [
        changed(CLIENTS[0], Phase.FAILED),
        changed(CLIENTS[0], Phase.FAILED, cause=Cause.KILLED),
        refused(CLIENTS[0]),
    ],
)
def test_people_see_which_participant_failed(word: object) -> None:
    failed = after(*GRANTED, word)
    assert failed.participants[CLIENTS[0]].phase is Phase.FAILED


def test_a_refusal_for_capacity_counts_as_no_loss_and_pauses_longer_each_time() -> None:
    back = life(*SENT_BACK)
    (sent,) = [fact for fact in back.said if isinstance(fact, ActivationSentBack)]
    assert (sent.lost, sent.retry_at) == (False, NOON + LIMITS.backoff)
    again = back.later(2).tell(gang(attempt=2), grants(attempt=2), refused(CLIENTS[0], Cause.CAPACITY, attempt=2))
    (sent,) = [fact for fact in again.said if isinstance(fact, ActivationSentBack)]
    assert sent.retry_at == NOON + timedelta(seconds=2) + 2 * LIMITS.backoff


@pytest.mark.parametrize("told", [LISTENING, UP, (*PREPARED, connected())])
def test_a_refusal_for_capacity_is_too_late_once_the_server_is_there(told: Sequence[object]) -> None:
    late = life(*told, FULL)
    assert any(isinstance(fact, ActivationStopping) for fact in late.said)
    assert late.status == "failed.failed"


@pytest.mark.parametrize(
    ("ready", "missing"),
    [
        ((), "`server` (waits for the clients), `gateway-1-1` (prepared), `gateway-2-1` (prepared)"),
        (("server", CLIENTS[0]), "`gateway-2-1` (prepared)"),
        (("server", *CLIENTS), "the connection to `server`"),
    ],
)
def test_what_is_not_ready_in_time_says_who_it_waits_for(ready: Sequence[str], missing: str) -> None:
    late = life(*LISTENING, *(changed(name, Phase.READY) for name in ready)).later(LIMITS.prepare.total_seconds())
    (stopping,) = [fact for fact in late.said if isinstance(fact, ActivationStopping)]
    assert stopping.cause == f"not ready in time: {missing}"


@pytest.mark.parametrize("told", [(), APPROVAL, ASKED, UP, ENDED])
def test_time_alone_ends_neither_rest_nor_the_wait_for_capacity_nor_what_is_active(told: Sequence[object]) -> None:
    assert life(*told).later(30 * 24 * 3600).said == []


@pytest.mark.parametrize(
    ("told", "limit"),
    [((*ASKED, gang()), LIMITS.grant), (GRANTED, LIMITS.prepare), (DELETING, LIMITS.stop), (SENT_BACK, LIMITS.backoff)],
)
def test_a_deadline_is_not_missed_before_it_is_there(told: Sequence[object], limit: timedelta) -> None:
    waits = life(*told).later(limit.total_seconds() - 0.001)
    assert waits.said == []
    assert waits.later(0.001).said != []
