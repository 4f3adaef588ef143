"""
What FLARE's words about a job mean to us.

A status that FLARE will not change begins with FINISHED. Its reasons are scattered over the job's meta data.
"""

from collections.abc import Mapping
from enum import StrEnum

from fedpact.contracts.workloads import JobPhase


class Status(StrEnum):
    """FLARE's RunStatus, complete."""

    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    DISPATCHED = "DISPATCHED"
    RUNNING = "RUNNING"
    COMPLETED = "FINISHED:COMPLETED"
    ABORTED = "FINISHED:ABORTED"
    EXECUTION_EXCEPTION = "FINISHED:EXECUTION_EXCEPTION"
    ABNORMAL = "FINISHED:ABNORMAL"
    CAN_NOT_SCHEDULE = "FINISHED:CAN_NOT_SCHEDULE"
    FAILED_TO_RUN = "FINISHED:FAILED_TO_RUN"
    ABANDONED = "FINISHED:ABANDONED"


MEANING: Mapping[str, str] = {
    Status.EXECUTION_EXCEPTION: "the job raised an error, which the FLARE server's log at the orchestrator holds",
    Status.ABNORMAL: "the job ended abnormally at a site; its configuration names what that site does not allow, "
    "or a process of it was killed",
    Status.CAN_NOT_SCHEDULE: "the sites it names never were connected together",
    Status.FAILED_TO_RUN: "a site refused the job",
    Status.ABANDONED: "the job was given up",
}

NO_REPLY = "no reply"
"""FLARE's words for a site that did not answer in ten seconds."""
_NEED_NO_REASON = (Status.RUNNING, Status.COMPLETED, Status.ABORTED)


def is_final(status: str) -> bool:
    """Whether FLARE is done with the job."""
    return status.startswith("FINISHED")


def phase_of(status: str) -> JobPhase:
    """The job's phase in our words."""
    match status:
        case Status.SUBMITTED | Status.APPROVED | Status.DISPATCHED:
            return JobPhase.SUBMITTED
        case Status.RUNNING:
            return JobPhase.RUNNING
        case Status.COMPLETED:
            return JobPhase.COMPLETED
        case Status.ABORTED:
            return JobPhase.CANCELLED
        case _:
            return JobPhase.FAILED


def is_unexplained(status: str, deploy: tuple[str, ...]) -> bool:
    """Whether FLARE may be about to say why the job failed: it writes down that it did before what sites said."""
    return status == Status.FAILED_TO_RUN and not deploy


def is_unanswered(status: str, reason: str) -> bool:
    """Whether the job failed because a site said nothing when it was handed out: it may just have been killed."""
    return status == Status.FAILED_TO_RUN and NO_REPLY in reason


def reason_of(status: str, deploy: tuple[str, ...], history: tuple[str, ...]) -> str:
    """Why a job is where it is: what sites said at deployment, else what the status means and what it waited for."""
    refusals = [line for line in deploy if not line.endswith(": OK")]
    if refusals:
        return "; ".join(refusals)
    if status in _NEED_NO_REASON:
        return ""
    waited = [line for line in history if not line.endswith(": scheduled")]
    return "; ".join([*filter(None, [MEANING.get(status, "")]), *waited[-1:]])
