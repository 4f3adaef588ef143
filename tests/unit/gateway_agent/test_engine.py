"""What FLARE's words mean."""

import pytest

from fedpact.contracts.workloads import JobPhase
from fedpact.gateway_agent.domain.engine import Status, is_final, is_unexplained, phase_of, reason_of


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        (Status.SUBMITTED, JobPhase.SUBMITTED),
        (Status.APPROVED, JobPhase.SUBMITTED),
        (Status.DISPATCHED, JobPhase.SUBMITTED),
        (Status.RUNNING, JobPhase.RUNNING),
        (Status.COMPLETED, JobPhase.COMPLETED),
        (Status.ABORTED, JobPhase.CANCELLED),
        (Status.EXECUTION_EXCEPTION, JobPhase.FAILED),
        (Status.ABNORMAL, JobPhase.FAILED),
        (Status.CAN_NOT_SCHEDULE, JobPhase.FAILED),
        (Status.FAILED_TO_RUN, JobPhase.FAILED),
        (Status.ABANDONED, JobPhase.FAILED),
    ],
)
def test_each_status_has_a_phase(status: Status, phase: JobPhase) -> None:
    assert phase_of(status) is phase
    assert is_final(status) == (phase not in (JobPhase.SUBMITTED, JobPhase.RUNNING))


def test_a_sites_refusal_is_the_reason() -> None:
    deploy = ("server: OK", "a-1: NVFLARE_ERROR: BYOC not permitted")
    assert reason_of(Status.FAILED_TO_RUN, deploy, ()) == "a-1: NVFLARE_ERROR: BYOC not permitted"


@pytest.mark.parametrize("status", Status)
def test_only_a_job_that_failed_to_run_and_of_which_no_site_said_anything_may_yet_be_explained(status: Status) -> None:
    assert is_unexplained(status, ()) == (status is Status.FAILED_TO_RUN)
    assert not is_unexplained(status, ("server: OK",))


def test_a_waiting_job_says_what_it_waits_for() -> None:
    history = ("12:00: connected sites (1) < min_sites (2)",)
    assert reason_of(Status.SUBMITTED, (), history) == history[0]


@pytest.mark.parametrize("status", [Status.RUNNING, Status.COMPLETED, Status.ABORTED])
def test_what_went_as_wanted_needs_no_reason(status: Status) -> None:
    assert reason_of(status, ("server: OK",), ("12:00: connected sites (1) < min_sites (2)", "12:01: scheduled")) == ""


def test_a_failure_is_never_without_a_reason() -> None:
    for status in Status:
        if phase_of(status) is JobPhase.FAILED:
            assert reason_of(status, (), ("12:00: scheduled",)).startswith(("the ", "a "))
