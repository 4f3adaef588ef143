"""
The steps a job shows: what it is doing, how often it was tried, when.

They follow from its moves by one table; nothing decides by them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from fedpact.contracts.jobs import JobStatus, Step, StepName

Status = Literal["pending", "running", "completed", "failed", "skipped"]

REACHED: Mapping[JobStatus, Mapping[StepName, Status]] = {
    JobStatus.CREATED: {StepName.ACTIVATE: "running"},
    JobStatus.PROVISIONING: {StepName.ACTIVATE: "completed", StepName.SUBMIT: "running"},
    JobStatus.SUBMITTED: {StepName.ACTIVATE: "completed", StepName.SUBMIT: "completed"},
    JobStatus.RUNNING: {StepName.ACTIVATE: "completed", StepName.SUBMIT: "completed", StepName.EXECUTE: "running"},
    JobStatus.COMPLETED: {StepName.ACTIVATE: "completed", StepName.SUBMIT: "completed", StepName.EXECUTE: "completed"},
    JobStatus.FAILED: {},
    JobStatus.CANCELLED: {},
}
"""What a job that got this far has behind it. A step that was skipped stays so."""

_OPEN = ("pending", "running")


def begun(*, activate: bool, deactivate: bool, at: datetime) -> tuple[Step, ...]:
    """The steps of a new job; those it did not ask for are skipped."""
    wanted = {StepName.ACTIVATE: activate, StepName.DEACTIVATE: deactivate}
    steps = tuple(Step(name=name, status="pending" if wanted.get(name, True) else "skipped") for name in StepName)
    return reached(steps, JobStatus.CREATED, at)


def reached(steps: tuple[Step, ...], status: JobStatus, at: datetime) -> tuple[Step, ...]:
    """The steps of a job that got as far as `status`."""
    table = REACHED[status]
    return tuple(_stepped(step, table.get(step.name, step.status), at) for step in steps)


def finished(
    steps: tuple[Step, ...], status: JobStatus, at: datetime, *, reason: str, deactivation: Status
) -> tuple[Step, ...]:
    """The steps of a job that ended: what was not done is skipped; `deactivation` is where its activation stands."""
    broken: Status = "failed" if status is JobStatus.FAILED else "skipped"

    def last(step: Step) -> Step:
        if step.status not in _OPEN:
            return step
        if step.name is StepName.DEACTIVATE:
            return _stepped(step, deactivation, at)
        return _stepped(step, broken if step.status == "running" else "skipped", at, reason)

    return tuple(last(step) for step in reached(steps, status, at))


def deactivated(steps: tuple[Step, ...], at: datetime) -> tuple[Step, ...]:
    """The steps of an ended job whose activation ended too."""
    return tuple(
        _stepped(step, "completed", at) if step.name is StepName.DEACTIVATE and step.status in _OPEN else step
        for step in steps
    )


def _stepped(step: Step, status: Status, at: datetime, message: str = "") -> Step:
    if status == step.status or step.status not in _OPEN:
        return step
    tried = status != "skipped" and step.status == "pending"
    return step.model_copy(
        update={
            "status": status,
            "attempt": step.attempt + tried,
            "started_at": at if tried else step.started_at,
            "ended_at": None if status == "running" else at,
            "message": message,
        }
    )
