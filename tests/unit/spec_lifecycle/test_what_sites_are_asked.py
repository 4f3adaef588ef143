"""What every site is asked at each point of an activation, and when it is said again."""

from collections.abc import Sequence

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    DATASETS,
    DEACTIVATE,
    GOING_UP,
    GRANT,
    Life,
    accepted,
    changed,
    gang,
    grants,
    job,
    job_cancelled,
    job_ended,
    life,
    refused,
    server_ready,
)

from fedpact.contracts.directives import Directive, JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.specs import SpecChanged
from fedpact.contracts.workloads import Cause, Phase
from fedpact.spec_lifecycle.domain.wanted import wanted

ASKED = (*APPROVAL, ACTIVATE)
GRANTED = (*ASKED, gang(), grants())
PREPARED = (*GRANTED, *map(accepted, CLIENTS))
UP = (*ASKED, *GOING_UP)
FULL = refused(CLIENTS[0], Cause.CAPACITY)
KILLED = changed("server", Phase.FAILED, cause=Cause.KILLED)
SECOND = (gang(attempt=2), grants(attempt=2))


def said(life: Life, kind: type[Directive] = Directive) -> dict[str, Directive]:
    return {message.part: message for message in life.said if isinstance(message, kind)}


def asked(life: Life) -> dict[str, Wanted]:
    """What is wanted of every part at this moment."""
    assert life.spec is not None
    return {part: directive.wanted for (_, part), directive in wanted(life.spec).items()}


EVERYBODY = (*CLIENTS, "server")
STOPPED = dict.fromkeys(EVERYBODY, Wanted.STOPPED)
RUNNING = dict.fromkeys(EVERYBODY, Wanted.RUNNING)


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        (ASKED, {}),
        ((*ASKED, gang()), {}),
        (GRANTED, dict.fromkeys(CLIENTS, Wanted.PREPARED)),
        (PREPARED, {**dict.fromkeys(CLIENTS, Wanted.PREPARED), "server": Wanted.RUNNING}),
        ((*PREPARED, server_ready()), RUNNING),
        (UP, RUNNING),
        ((*UP, job()), {**RUNNING, "job_j-1": Wanted.RUNNING}),
        ((*UP, job(), job_cancelled()), {**RUNNING, "job_j-1": Wanted.STOPPED}),
        ((*UP, job(), job_ended()), RUNNING),
        ((*UP, job(), DEACTIVATE), STOPPED),
        ((*GRANTED, DEACTIVATE), STOPPED),
        ((*GRANTED, accepted(CLIENTS[0]), DEACTIVATE), STOPPED),
        ((*GRANTED, FULL), STOPPED),
        ((*UP, job(), KILLED), {**STOPPED, "job_j-1": Wanted.RUNNING}),
    ],
)
def test_what_is_wanted_follows_from_the_stage(told: Sequence[object], parts: dict[str, Wanted]) -> None:
    assert asked(life(*told)) == parts


def test_a_lost_attempt_stays_stopped_until_the_next_one_is_granted() -> None:
    lost = life(*UP, job(), KILLED).later(1)
    job_goes_on = {"job_j-1": Wanted.RUNNING}
    assert asked(lost) == STOPPED | job_goes_on
    assert asked(lost.tell(SECOND[0])) == job_goes_on
    assert asked(lost.tell(SECOND[1])) == dict.fromkeys(CLIENTS, Wanted.PREPARED) | job_goes_on


def test_each_client_is_given_the_datasets_and_the_grant_of_its_own_site() -> None:
    clients = said(life(*GRANTED), ParticipantDirective)
    assert {part: (d.gateway, d.datasets, d.grant) for part, d in clients.items()} == {  # type: ignore[attr-defined]
        "gateway-1-1": ("gateway-1", (DATASETS[0],), GRANT),
        "gateway-2-1": ("gateway-2", (DATASETS[1],), GRANT),
    }


def test_the_server_is_told_whose_clients_come() -> None:
    server = said(life(*PREPARED), ServerDirective)["server"]
    assert isinstance(server, ServerDirective)
    assert server.organizations == {"gateway-1-1": "lake", "gateway-2-1": "hill"}


def test_a_client_without_a_certificate_does_not_run_yet() -> None:
    half = server_ready().model_copy(update={"certificates": {CLIENTS[0]: "crt"}})
    known = life(*PREPARED, half)
    assert asked(known) == {CLIENTS[0]: Wanted.RUNNING, CLIENTS[1]: Wanted.PREPARED, "server": Wanted.RUNNING}
    assert known.spec is not None
    waits = wanted(known.spec)["gateway-2", CLIENTS[1]]
    assert isinstance(waits, ParticipantDirective)
    assert (waits.endpoint, waits.certificate) == (None, None)


@pytest.mark.parametrize("told", [(*UP, DEACTIVATE), (*UP, KILLED), (*PREPARED, FULL), (*GRANTED, DEACTIVATE)])
def test_who_is_to_stop_is_given_nothing_to_run_with(told: Sequence[object]) -> None:
    stopping = said(life(*told))
    assert {part: directive.wanted for part, directive in stopping.items()} == STOPPED
    clients = [d for d in stopping.values() if isinstance(d, ParticipantDirective)]
    assert {(d.grant, d.endpoint, d.certificate) for d in clients} == {(None, None, None)}
    servers = [d for d in stopping.values() if isinstance(d, ServerDirective)]
    assert [(d.requests, d.organizations) for d in servers] == [({}, {})]


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        ((*UP, job(), job_ended()), {"job_j-1": Wanted.STOPPED}),
        ((*UP, job(), job_cancelled(), job_ended()), {}),
        ((*UP, job("j-1"), job("j-2")), {"job_j-2": Wanted.RUNNING}),
        ((*UP, changed(CLIENTS[0], Phase.READY)), {}),
    ],
)
def test_only_what_differs_is_said_again(told: Sequence[object], parts: dict[str, Wanted]) -> None:
    assert {part: directive.wanted for part, directive in said(life(*told)).items()} == parts


def test_a_job_is_not_stopped_while_its_activation_is_set_up_anew() -> None:
    lost = life(*UP, job(), KILLED)
    told = [said(lost, JobDirective), said(lost.later(1), JobDirective)]
    told += [said(lost.tell(word), JobDirective) for word in SECOND]
    assert {directive.wanted for once in told for directive in once.values()} <= {Wanted.RUNNING}


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ((), True),
        (APPROVAL, True),
        ((*UP, job()), True),
        ((*GRANTED, changed(CLIENTS[0], Phase.WAITING)), True),
        ((*PREPARED, server_ready()), False),
    ],
)
def test_people_are_told_when_what_they_see_differs(told: Sequence[object], seen: bool) -> None:
    assert any(isinstance(message, SpecChanged) for message in life(*told).said) is seen
