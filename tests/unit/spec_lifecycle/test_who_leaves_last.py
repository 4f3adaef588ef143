"""What becomes of an activation when its jobs leave, and who may say that something is gone."""

from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    DEACTIVATE,
    GOING_DOWN,
    GOING_UP,
    assessed,
    changed,
    gang,
    gone,
    grants,
    job,
    job_cancelled,
    job_ended,
    life,
)

from fedpact.contracts.specs import ActivationEnded, JobRefused, Stage
from fedpact.contracts.workloads import Phase

ONE_SHOT = job(activate=True, deactivate=True)


def test_a_one_shot_job_that_is_cancelled_in_line_takes_its_activation_along() -> None:
    living = life(*APPROVAL, ONE_SHOT, job_cancelled())
    assert living.spec
    assert living.spec.stage is Stage.IDLE
    assert [type(m) for m in living.said if isinstance(m, JobRefused | ActivationEnded)] == [
        JobRefused,
        ActivationEnded,
    ]


def test_a_one_shot_job_that_is_cancelled_on_the_way_up_takes_its_activation_down() -> None:
    living = life(*APPROVAL, ONE_SHOT, gang(), grants(), job_cancelled())
    assert living.spec
    assert living.spec.stage is Stage.DELETING
    assert living.tell(*GOING_DOWN).status == "inactive.shutdown"


def test_a_cancelled_job_leaves_the_activation_to_the_others_that_wait_for_it() -> None:
    living = life(*APPROVAL, ONE_SHOT, job("j-2", activate=True), job_cancelled(), *GOING_UP)
    assert living.spec
    assert list(living.spec.open_jobs) == ["j-2"]


def test_the_wish_to_end_the_activation_outlives_the_job_that_had_it() -> None:
    living = life(*APPROVAL, ACTIVATE, *GOING_UP, job(deactivate=True), job("j-2"), job_ended())
    assert living.status == "active.running"
    living.tell(job_ended("j-2"))
    assert living.spec
    assert living.spec.stage is Stage.DELETING


def test_a_job_in_line_is_kept_when_the_totals_shrink_below_what_its_activation_already_holds() -> None:
    living = life(*APPROVAL, ONE_SHOT, gang(), grants(), assessed(fits=False))
    assert living.spec
    assert list(living.spec.queued_jobs) == ["j-1"]


def test_only_its_own_site_says_that_a_fenced_participant_is_gone() -> None:
    living = life(*APPROVAL, ACTIVATE, *GOING_UP, DEACTIVATE).later(60)
    kept = living.spec and living.spec.fences
    assert kept
    stranger = gone(CLIENTS[0]).model_copy(update={"gateway": "gateway-2"})
    assert living.tell(stranger).spec.fences == kept  # type: ignore[union-attr]
    assert len(living.tell(gone(CLIENTS[0])).spec.fences) == len(kept) - 1  # type: ignore[union-attr]


def test_gone_is_gone_however_a_site_says_it() -> None:
    living = life(*APPROVAL, ACTIVATE, *GOING_UP, changed(CLIENTS[0], Phase.GONE))
    assert living.spec
    assert (living.spec.stage, living.spec.participants[CLIENTS[0]].phase) == (Stage.DELETING, Phase.GONE)
