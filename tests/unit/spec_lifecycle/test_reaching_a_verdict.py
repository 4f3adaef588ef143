"""Policy and the scheduler answer in any order and again at any time: what each answer changes, and what it leaves."""

from collections.abc import Sequence

import pytest
from spec_values import (
    ACTIVATE,
    APPROVAL,
    DATASETS,
    GOING_DOWN,
    GOING_UP,
    SPEC,
    Life,
    assessed,
    decided,
    job,
    life,
)

from fedpact.contracts.pact import Limit
from fedpact.contracts.policies import Reason, SpecDecided
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.scheduling import SpecAssessed, Unenforced
from fedpact.contracts.specs import (
    ActivationRequested,
    ActivationStopping,
    JobRefused,
    SpecInvalidated,
    Stage,
    Verdict,
    VerdictReached,
)

ALONG = job(activate=True)
GONE = DatasetUnregistered(dataset=DATASETS[0])
YES, NO = decided(), decided(allowed=False)
FITS, TOO_LARGE = assessed(), assessed(fits=False)
LACKS_A_LIMIT = SpecAssessed(spec_id=SPEC, fits=False, unenforced=(Unenforced(site="gateway-1", limit=Limit.NETWORK),))


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ((), Verdict.PENDING),
        ((YES,), Verdict.PENDING),
        ((NO,), Verdict.PENDING),
        ((FITS,), Verdict.PENDING),
        ((TOO_LARGE,), Verdict.PENDING),
        ((YES, FITS), Verdict.APPROVED),
        ((FITS, YES), Verdict.APPROVED),
        ((NO, FITS), Verdict.REJECTED),
        ((FITS, NO), Verdict.REJECTED),
        ((YES, TOO_LARGE), Verdict.REJECTED),
        ((TOO_LARGE, YES), Verdict.REJECTED),
        ((NO, TOO_LARGE), Verdict.REJECTED),
        ((YES, TOO_LARGE, FITS), Verdict.APPROVED),
        ((NO, FITS, YES), Verdict.APPROVED),
    ],
)
def test_both_have_to_agree_and_either_may_change_its_mind(told: Sequence[object], verdict: Verdict) -> None:
    found = life(*told).spec
    assert found is not None
    assert found.verdict is verdict


def said_no(text: str) -> SpecDecided:
    return SpecDecided(spec_id=SPEC, allowed=False, reasons=(Reason(code="no_policy", text=text),))


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ((TOO_LARGE, said_no("no")), ["no_policy", "never_fits"]),
        ((said_no("no"), TOO_LARGE), ["no_policy", "never_fits"]),
        ((TOO_LARGE, said_no("no"), YES), ["c", "never_fits"]),
        ((said_no("no"), TOO_LARGE, FITS), ["no_policy"]),
        ((said_no("no"), TOO_LARGE, TOO_LARGE), ["no_policy", "never_fits"]),
        ((LACKS_A_LIMIT, said_no("no")), ["no_policy", "limit_not_enforced"]),
        ((YES, LACKS_A_LIMIT, FITS), ["c"]),
    ],
)
def test_an_answer_replaces_the_reasons_of_its_kind_and_leaves_the_others(
    told: Sequence[object], codes: list[str]
) -> None:
    found = life(*told).spec
    assert found is not None
    assert [reason.code for reason in found.reasons] == codes


@pytest.mark.parametrize("told", [(YES, FITS), (FITS, YES)])
def test_a_job_that_waited_for_the_verdict_gets_its_activation_from_whoever_answers_last(
    told: Sequence[object],
) -> None:
    asked = life(ALONG, *told)
    assert [fact.generation for fact in asked.said if isinstance(fact, ActivationRequested)] == [1]


@pytest.mark.parametrize(
    "told",
    [
        (ALONG, YES),
        (ALONG, FITS),
        (ALONG, *APPROVAL, YES),
        (ALONG, *APPROVAL, FITS),
        (*APPROVAL, YES),
        (*APPROVAL, GONE, YES),
    ],
)
def test_a_verdict_activates_only_what_is_approved_at_rest_and_waited_for(told: Sequence[object]) -> None:
    assert not [fact for fact in life(*told).said if isinstance(fact, ActivationRequested)]


def refused(life: Life) -> list[tuple[str, str]]:
    return [(fact.slug, fact.reason) for fact in life.said if isinstance(fact, JobRefused)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ((ALONG, YES, TOO_LARGE), "the spec can never be placed"),
        ((ALONG, NO), "no longer allowed by the policies"),
        ((ALONG, GONE), f"dataset `{DATASETS[0]}` is no longer registered"),
    ],
)
def test_a_job_that_waits_in_vain_is_told_why(told: Sequence[object], reason: str) -> None:
    vain = life(*told)
    assert refused(vain) == [("not_approved", reason)]
    assert vain.spec is not None
    assert vain.spec.queued_jobs == {}


def test_a_job_waits_on_while_policy_has_not_answered() -> None:
    waits = life(ALONG, TOO_LARGE)
    assert refused(waits) == []
    assert waits.spec is not None
    assert list(waits.spec.queued_jobs) == ["j-1"]


def test_what_no_longer_fits_keeps_the_capacity_it_holds() -> None:
    living = life(*APPROVAL, ACTIVATE, *GOING_UP, TOO_LARGE)
    assert [type(fact) for fact in living.said if not fact.type.startswith("specs.spec.")] == [VerdictReached]
    assert living.spec is not None
    assert living.spec.stage is Stage.ACTIVE


def test_a_spec_whose_dataset_is_gone_ends_what_runs_and_is_invalid_for_good() -> None:
    ending = life(*APPROVAL, ACTIVATE, *GOING_UP, GONE)
    (stopping,) = [fact for fact in ending.said if isinstance(fact, ActivationStopping)]
    assert stopping.cause == f"dataset `{DATASETS[0]}` is no longer registered"
    assert ending.tell(*GOING_DOWN).status == "failed.invalid"
    assert ending.tell(GONE).said == []


def test_a_spec_becomes_invalid_once_and_through_its_own_datasets_alone() -> None:
    assert [fact.type for fact in life(GONE).said][:1] == [SpecInvalidated.type]
    assert life(GONE, DatasetUnregistered(dataset=DATASETS[1])).said == []
    assert life(DatasetUnregistered(dataset="other_gateway-1_lake")).said == []
