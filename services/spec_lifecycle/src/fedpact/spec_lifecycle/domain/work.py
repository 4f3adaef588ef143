"""Jobs inside an activation: opened, waiting for one, cancelled, closed."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue

from fedpact.contracts.envelope import Fact
from fedpact.contracts.jobs import JobCancelled, JobSubmitted
from fedpact.contracts.specs import (
    EndOutcome,
    JobClosed,
    JobOpened,
    JobQueued,
    JobRefused,
    JobStopping,
    Stage,
    Verdict,
)
from fedpact.contracts.workloads import JobObserved, JobPhase
from fedpact.decision.bounds import payload_violations
from fedpact.decision.declared import departures
from fedpact.spec_lifecycle.domain.model import Job, Limits, Spec
from fedpact.spec_lifecycle.domain.requests import requested, stopped
from fedpact.spec_lifecycle.domain.status import status

FINAL = frozenset({JobPhase.COMPLETED, JobPhase.FAILED, JobPhase.CANCELLED})


def submitted(spec: Spec, fact: JobSubmitted, now: datetime) -> Sequence[Fact]:
    """The job is opened in the living activation, waits for the one it asked for, or is refused with the reason."""
    if fact.job_id in spec.open_jobs or fact.job_id in spec.queued_jobs:
        return []
    if why := _outside(spec, fact.payload):
        return [_refused(spec, fact, "payload_out_of_bounds", why)]
    if spec.stage is Stage.ACTIVE:
        return [_opened(spec, fact)]
    if not fact.activate:
        return [_refused(spec, fact, "not_active", f"the spec is `{status(spec)}`: {_advice(spec)}")]
    return _with_activation(spec, fact, now)


def cancelled(spec: Spec, fact: JobCancelled, now: datetime, limits: Limits) -> Sequence[Fact]:
    """An open job is stopped in the engine; one that waits is let go, and with it what it was to take down."""
    if fact.job_id in spec.queued_jobs:
        text = "cancelled before it began"
        let_go = JobRefused(spec_id=spec.id, job_id=fact.job_id, slug="cancelled", reason=text)
        return [let_go, *_last(spec, fact.job_id, spec.queued_jobs[fact.job_id], now, limits)]
    if fact.job_id in spec.open_jobs and not spec.open_jobs[fact.job_id].stopping:
        return [JobStopping(spec_id=spec.id, job_id=fact.job_id)]
    return []


def observed(spec: Spec, fact: JobObserved, now: datetime, limits: Limits) -> Sequence[Fact]:
    """A job that ended frees the activation."""
    job = spec.open_jobs.get(fact.job_id)
    mine = (fact.gateway, fact.generation) == (spec.orchestrator, spec.generation)
    if job is None or fact.phase not in FINAL or not mine or _is_past(spec, fact):
        return []
    return [JobClosed(spec_id=spec.id, job_id=fact.job_id, at=now), *_last(spec, fact.job_id, job, now, limits)]


def _is_past(spec: Spec, fact: JobObserved) -> bool:
    """Whether it is about a lost attempt, after which the job runs again. What was completed there is done."""
    return fact.attempt not in {0, spec.placed_attempt} and fact.phase is not JobPhase.COMPLETED


def _last(spec: Spec, job_id: str, job: Job, now: datetime, limits: Limits) -> Sequence[Fact]:
    """The last job to leave takes the activation down, when it or one before it asked for that."""
    if not job.deactivate or len(spec.open_jobs) + len(spec.queued_jobs) > 1:
        return []
    return stopped(spec, EndOutcome.SHUTDOWN, f"job `{job_id}` ended", now, limits)


def _with_activation(spec: Spec, fact: JobSubmitted, now: datetime) -> Sequence[Fact]:
    if fact.actor.user != spec.creator.user and fact.actor.organization != spec.creator.organization:
        return [_refused(spec, fact, "not_allowed", "only the creator's organization activates a spec")]
    if spec.verdict is Verdict.REJECTED or spec.stage in {Stage.INVALID, Stage.DELETING}:
        return [_refused(spec, fact, "not_active", f"the spec is `{status(spec)}` and cannot be activated now")]
    queued = JobQueued(spec_id=spec.id, job_id=fact.job_id, payload=fact.payload, deactivate=fact.deactivate)
    starts = spec.stage is Stage.IDLE and spec.verdict is Verdict.APPROVED
    return [queued, requested(spec, now)] if starts else [queued]


def _advice(spec: Spec) -> str:
    if spec.stage in {Stage.WAITING, Stage.CREATING}:
        return "wait until it is active, or submit with `activate`, which waits for it"
    if spec.stage is Stage.DELETING:
        return "wait until it is shut down, then activate it again"
    return "activate it first"


def _outside(spec: Spec, payload: dict[str, JsonValue]) -> str:
    """Why the payload is outside what was declared or granted; empty when it is not."""
    broken = [*departures(payload, spec.content.parameters, spec.id), *payload_violations(payload, spec.bounds)]
    return "; ".join(reason.text for reason in broken)


def _opened(spec: Spec, fact: JobSubmitted) -> JobOpened:
    return JobOpened(
        spec_id=spec.id,
        job_id=fact.job_id,
        generation=spec.generation,
        payload=fact.payload,
        deactivate=fact.deactivate,
    )


def _refused(spec: Spec, fact: JobSubmitted, slug: str, reason: str) -> JobRefused:
    return JobRefused(spec_id=spec.id, job_id=fact.job_id, slug=slug, reason=reason)
