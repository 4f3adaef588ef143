"""
The life of a job: what is heard of it, who may end it, and when it is over.

A job moves along `TRANSITIONS` and in no other way; a final state stays. What a site says counts when it is the
orchestrator of the activation that took the job. Facts of two streams may come in any order: what a site says too
early is kept until the activation is known, and the end of an activation leaves the site's last word a moment to
arrive before the job counts as cancelled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fedpact.contracts.envelope import Actor, Fact, Message, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.jobs import (
    ArtifactsStored,
    CancelJob,
    JobCancelled,
    JobChanged,
    JobExplained,
    JobForetold,
    JobMoved,
    JobOrphaned,
    JobStatus,
    JobSubmitted,
    Step,
)
from fedpact.contracts.specs import ActivationEnded, ActivationStopping, JobOpened, JobRefused
from fedpact.contracts.workloads import JobObserved
from fedpact.jobs.domain import steps
from fedpact.jobs.domain.errors import (
    EndedError,
    IllegalMoveError,
    NotAllowedError,
    UnknownJobError,
)
from fedpact.jobs.domain.model import Job

_ENDS = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})
TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.CREATED: frozenset({JobStatus.PROVISIONING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.PROVISIONING: frozenset({JobStatus.SUBMITTED, JobStatus.RUNNING}) | _ENDS,
    JobStatus.SUBMITTED: frozenset({JobStatus.RUNNING}) | _ENDS,
    JobStatus.RUNNING: _ENDS,
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}

CALLED_OFF = frozenset({"cancelled", "activation_ended"})
"""Refusals that are nobody's failure."""


def cancelled(job: Job | None, order: Order[CancelJob]) -> Sequence[Fact]:
    """Its actor, or an owner of the same organization, no longer wants the job."""
    if job is None:
        raise UnknownJobError(order.command.job_id)
    if not _may_cancel(job, order.actor):
        raise NotAllowedError(f"only `{job.actor.user}` or an owner of `{job.actor.organization}` cancels this job")
    if job.status in {JobStatus.COMPLETED, JobStatus.FAILED}:
        raise EndedError(job.id, job.status)
    if job.status.final or job.cancelling:
        return []
    told = JobCancelled(job_id=job.id, spec_id=job.spec_id)
    if job.status is not JobStatus.CREATED:
        return [told]
    return [told, *_move(job, JobStatus.CANCELLED, order.now, reason=f"cancelled by `{order.actor.user}`")]


def opened(job: Job | None, fact: JobOpened, orchestrator: str, now: datetime) -> Sequence[Fact]:
    """The activation took the job. What its orchestrator said of it before counts from now on."""
    if job is None or job.status is not JobStatus.CREATED:
        return []
    taken = JobMoved(
        job_id=job.id,
        spec_id=job.spec_id,
        status=JobStatus.PROVISIONING,
        at=now,
        generation=fact.generation,
        orchestrator=orchestrator,
    )
    early = job.foretold.get(orchestrator)
    return [taken, *(observed(evolve(job, taken), early, now) if early else [])]


def refused(job: Job | None, fact: JobRefused, now: datetime) -> Sequence[Fact]:
    """The activation cannot take the job."""
    if job is None:
        return []
    over = JobStatus.CANCELLED if fact.slug in CALLED_OFF else JobStatus.FAILED
    return _move(job, over, now, reason=fact.reason)


def ended(job: Job | None, fact: ActivationEnded, grace: timedelta, now: datetime) -> Sequence[Fact]:
    """The activation is over. A job it never took is not concerned: that one is refused."""
    if job is None or job.generation is None or job.generation > fact.generation:
        return []
    if job.settled or job.deadline is not None:
        return []
    over = JobOrphaned(job_id=job.id, spec_id=job.spec_id, at=now, deadline=now + grace, reason=_over(fact.cause))
    return [*explained(job, fact), over]


def explained(job: Job | None, fact: ActivationStopping | ActivationEnded) -> Sequence[Fact]:
    """Why the activation ended that took the job with it, when the job was cancelled before that was heard."""
    if job is None or not job.unexplained or job.generation != fact.generation:
        return []
    return [JobExplained(job_id=job.id, spec_id=job.spec_id, reason=_over(fact.cause))]


def observed(job: Job | None, fact: JobObserved, now: datetime, cause: str = "") -> Sequence[Fact]:
    """A site saw the job move. `cause` is why the activation ends, if it does and that was heard."""
    if job is None or fact.spec_id != job.spec_id:
        return []
    if job.status is JobStatus.CREATED:
        known = job.foretold.get(fact.gateway) == fact
        return [] if known else [JobForetold(job_id=job.id, spec_id=job.spec_id, observation=fact)]
    if (fact.gateway, fact.generation) != (job.orchestrator, job.generation):
        return []
    if fact.with_activation:
        return _taken_along(job, fact, now, _over(cause) if cause else job.reason)
    lost = "its results were lost" if fact.results_lost else ""
    reason = "; ".join(part for part in (fact.reason, lost) if part)
    return _move(job, JobStatus(fact.phase.value), now, reason=reason, engine_job=fact.engine_job)


def overdue(job: Job | None, now: datetime) -> Sequence[Fact]:
    """Nobody said in time how the job ended."""
    if job is None or job.deadline is None or now < job.deadline:
        return []
    return _move(job, JobStatus.CANCELLED, now, reason=job.reason)


def due(job: Job) -> datetime | None:
    """When an orphaned job counts as cancelled."""
    return None if job.status.final else job.deadline


def evolve(job: Job | None, fact: Fact) -> Job:
    """The job after `fact`."""
    if isinstance(fact, JobSubmitted):
        return _new(fact)
    assert job is not None
    match fact:
        case JobMoved():
            return _moved(job, fact)
        case JobCancelled():
            return replace(job, cancelling=True)
        case JobForetold():
            return replace(job, foretold={**job.foretold, fact.observation.gateway: fact.observation})
        case JobOrphaned():
            return _orphaned(job, fact)
        case JobExplained():
            return replace(job, unexplained=False, reason=fact.reason)
        case ArtifactsStored():
            return replace(job, stored=True, files=fact.files)
        case _:
            raise TypeError(f"a job does not know `{fact.type}`")


def changed(before: Job | None, after: Job) -> Sequence[Message]:
    """The whole job, when anything of it changed."""
    if before == after:
        return []
    whole = JobChanged(
        job_id=after.id,
        spec_id=after.spec_id,
        actor=after.actor,
        status=after.status,
        steps=after.steps,
        generation=after.generation,
        engine_job=after.engine_job,
        reason=after.reason,
        payload=after.payload,
        files=after.files,
        submitted_at=after.submitted_at,
        ended_at=after.ended_at,
    )
    return [whole]


def _may_cancel(job: Job, actor: Actor) -> bool:
    owns = actor.has(Role.OWNER) and actor.organization == job.actor.organization
    return owns or actor.user == job.actor.user


def _move(job: Job, to: JobStatus, now: datetime, *, reason: str = "", engine_job: str = "") -> Sequence[Fact]:
    """One move, if the table has it."""
    if to not in TRANSITIONS[job.status]:
        return []
    return [JobMoved(job_id=job.id, spec_id=job.spec_id, status=to, at=now, engine_job=engine_job, reason=reason)]


def _taken_along(job: Job, fact: JobObserved, now: datetime, reason: str) -> Sequence[Fact]:
    """The activation ended and the job with it; `reason` is empty as long as nobody said why."""
    moves = _move(job, JobStatus(fact.phase.value), now, reason=reason or fact.reason, engine_job=fact.engine_job)
    return [move.model_copy(update={"unexplained": not reason}) for move in moves]


def _over(cause: str) -> str:
    return f"the activation ended: {cause}"


def _new(fact: JobSubmitted) -> Job:
    return Job(
        id=fact.job_id,
        spec_id=fact.spec_id,
        actor=fact.actor,
        payload=fact.payload,
        activate=fact.activate,
        deactivate=fact.deactivate,
        submitted_at=fact.submitted_at,
        steps=steps.begun(activate=fact.activate, deactivate=fact.deactivate, at=fact.submitted_at),
    )


def _moved(job: Job, fact: JobMoved) -> Job:
    if fact.status not in TRANSITIONS[job.status]:
        raise IllegalMoveError(job.id, job.status, fact.status)
    over = fact.status.final
    return replace(
        job,
        status=fact.status,
        generation=fact.generation if fact.generation is not None else job.generation,
        orchestrator=fact.orchestrator or job.orchestrator,
        engine_job=fact.engine_job or job.engine_job,
        reason=fact.reason if over else job.reason,
        unexplained=fact.unexplained,
        foretold={},
        ended_at=fact.at if over else None,
        steps=_steps(job, fact),
    )


def _steps(job: Job, fact: JobMoved) -> tuple[Step, ...]:
    if not fact.status.final:
        return steps.reached(job.steps, fact.status, fact.at)
    deactivation: steps.Status = "running"
    if job.generation is None:
        deactivation = "skipped"
    elif job.deadline is not None:
        deactivation = "completed"
    return steps.finished(job.steps, fact.status, fact.at, reason=fact.reason, deactivation=deactivation)


def _orphaned(job: Job, fact: JobOrphaned) -> Job:
    if job.status.final:
        return replace(job, steps=steps.deactivated(job.steps, fact.at))
    return replace(job, deadline=fact.deadline, reason=fact.reason)
