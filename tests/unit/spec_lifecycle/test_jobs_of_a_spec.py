"""Which jobs a spec takes, for whom, and whose word on them counts."""

from collections.abc import Sequence

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    DATASETS,
    DEACTIVATE,
    GOING_UP,
    SPEC,
    Life,
    assessed,
    changed,
    content,
    decided,
    job,
    job_cancelled,
    job_ended,
    life,
)

from fedpact.contracts.pact import Person
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.specs import (
    ActivationRequested,
    ActivationStopping,
    CreateSpec,
    JobClosed,
    JobOpened,
    JobQueued,
    JobRefused,
    Stage,
)
from fedpact.contracts.workloads import Cause, JobPhase, Phase

UP = (*APPROVAL, ACTIVATE, *GOING_UP)
ALONG = job(activate=True)
ENDS = {JobPhase.COMPLETED, JobPhase.FAILED, JobPhase.CANCELLED}


def refusals(life: Life) -> list[tuple[str, str]]:
    return [(fact.job_id, fact.slug) for fact in life.said if isinstance(fact, JobRefused)]


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ((*UP, job()), job()),
        ((*APPROVAL, ALONG), ALONG),
        ((*APPROVAL, ALONG, *GOING_UP), ALONG),
    ],
)
def test_a_job_that_is_there_already_is_not_taken_twice(told: Sequence[object], again: object) -> None:
    assert life(*told, again).said == []


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (Person(user="ada", organization="lab"), True),
        (Person(user="bob", organization="lab"), True),
        (Person(user="ada", organization="lake"), True),
        (Person(user="eve", organization="lake"), False),
    ],
)
def test_a_job_brings_the_activation_along_for_the_creator_and_the_creators_organization(
    who: Person, may: bool
) -> None:
    asked = life(*APPROVAL, job(activate=True, actor=who))
    assert any(isinstance(fact, ActivationRequested) for fact in asked.said) is may
    assert refusals(asked) == ([] if may else [("j-1", "not_allowed")])


@pytest.mark.parametrize(
    "told",
    [
        (decided(allowed=False), assessed()),
        (decided(), assessed(fits=False)),
        (*APPROVAL, DatasetUnregistered(dataset=DATASETS[0])),
        (*UP, DEACTIVATE),
    ],
)
def test_what_cannot_be_activated_now_takes_no_job_that_would_wait_for_it(told: Sequence[object]) -> None:
    asked = life(*told, ALONG)
    assert refusals(asked) == [("j-1", "not_active")]
    assert asked.spec is not None
    assert asked.spec.queued_jobs == {}


@pytest.mark.parametrize("told", [(), (decided(),), (assessed(),)])
def test_a_job_that_comes_before_the_verdict_waits_and_asks_for_nothing(told: Sequence[object]) -> None:
    asked = life(*told, ALONG)
    assert [type(fact) for fact in asked.said] == [JobQueued]
    assert asked.spec is not None
    assert asked.spec.stage is Stage.IDLE


def test_a_job_that_comes_on_the_way_up_asks_for_no_second_activation() -> None:
    asked = life(*APPROVAL, ACTIVATE, ALONG)
    assert [type(fact) for fact in asked.said] == [JobQueued]


@pytest.mark.parametrize(
    ("payload", "takes"),
    [({"rounds": 5}, JobOpened), ({"rounds": 4}, JobRefused), ({}, JobRefused), ({"rounds": None}, JobRefused)],
)
def test_a_payload_says_what_the_spec_declares(payload: dict[str, object], takes: type) -> None:
    declares = Life().tell(CreateSpec(spec_id=SPEC, content=content(parameters={"rounds": 5})), *UP)
    said = declares.tell(job(payload=payload)).said
    answer = next(fact for fact in said if isinstance(fact, JobOpened | JobRefused))
    assert type(answer) is takes
    if isinstance(answer, JobRefused):
        assert (answer.slug, "declares `rounds` = `5`" in answer.reason) == ("payload_out_of_bounds", True)


@pytest.mark.parametrize(
    "told",
    [
        (*UP, job_cancelled()),
        (*UP, job("j-2"), job_cancelled()),
        (*UP, job(), job_cancelled(), job_cancelled()),
        (*UP, job(), job_ended(), job_cancelled()),
    ],
)
def test_a_job_is_cancelled_once_and_only_while_it_is_there(told: Sequence[object]) -> None:
    assert life(*told).said == []


@pytest.mark.parametrize("phase", sorted(ENDS))
@pytest.mark.parametrize("attempt", [0, 1])
def test_however_a_job_ends_it_frees_the_activation(phase: JobPhase, attempt: int) -> None:
    freed = life(*UP, job(), job_ended(attempt=attempt, phase=phase))
    assert [fact.job_id for fact in freed.said if isinstance(fact, JobClosed)] == ["j-1"]


@pytest.mark.parametrize("phase", sorted(set(JobPhase) - ENDS))
def test_a_job_that_goes_on_is_kept(phase: JobPhase) -> None:
    assert life(*UP, job(), job_ended(phase=phase)).said == []


@pytest.mark.parametrize(
    "claim",
    [{"gateway": "gateway-1"}, {"generation": 0}, {"generation": 2}, {"job_id": "j-2"}],
    ids=["another site", "an older generation", "a later generation", "another job"],
)
def test_only_the_orchestrator_ends_a_job_and_only_one_of_its_own(claim: dict[str, object]) -> None:
    assert life(*UP, job(), job_ended().model_copy(update=claim)).said == []


def test_a_cancelled_job_that_was_the_last_takes_the_activation_down_only_when_that_was_asked_for() -> None:
    kept = life(*APPROVAL, ACTIVATE, ALONG, job_cancelled())
    assert refusals(kept) == [("j-1", "cancelled")]
    assert not any(isinstance(fact, ActivationStopping) for fact in kept.said)
    assert kept.spec is not None
    assert kept.spec.stage is Stage.WAITING


def test_an_activation_goes_on_while_another_job_is_open_or_waits() -> None:
    lost = changed("server", Phase.FAILED, cause=Cause.KILLED)
    two = life(*UP, job(deactivate=True), lost, job("j-2", activate=True), job_ended())
    assert [type(fact) for fact in two.said if isinstance(fact, JobClosed | JobRefused)] == [JobClosed]
    assert two.spec is not None
    assert list(two.spec.queued_jobs) == ["j-2"]
