"""The verdict: policy and scheduler both have to agree, and either may change its mind later."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from fedpact.contracts.envelope import Fact
from fedpact.contracts.policies import Reason, SpecDecided
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.scheduling import SpecAssessed
from fedpact.contracts.specs import EndOutcome, JobRefused, SpecInvalidated, Stage, Verdict, VerdictReached
from fedpact.spec_lifecycle.domain.model import NO_LONGER_ALLOWED, Limits, Spec
from fedpact.spec_lifecycle.domain.requests import requested, stopped


def decided(spec: Spec, fact: SpecDecided, now: datetime, limits: Limits) -> Sequence[Fact]:
    """Policy's answer. A live generation that is no longer allowed is taken down."""
    verdict = _verdict(allowed=fact.allowed, fits=spec.fits)
    reached = VerdictReached(
        spec_id=spec.id,
        verdict=verdict,
        allowed=fact.allowed,
        fits=spec.fits,
        reasons=_with_capacity(fact.reasons, spec.reasons),
        custodian_reasons=fact.custodian_reasons,
        revisions=fact.revisions,
    )
    if not fact.allowed:
        text = NO_LONGER_ALLOWED
        return [reached, *_drop_queued(spec, text), *stopped(spec, EndOutcome.SHUTDOWN, text, now, limits)]
    return [reached, *_pick_up(spec, verdict, now)]


def assessed(spec: Spec, fact: SpecAssessed, now: datetime) -> Sequence[Fact]:
    """The scheduler's answer. A generation that already holds its capacity goes on, with the jobs that wait for it."""
    verdict = _verdict(allowed=spec.allowed, fits=fact.fits)
    reasons = (*(r for r in spec.reasons if r.code not in _PLACING), *_obstacles(fact))
    reached = VerdictReached(
        spec_id=spec.id,
        verdict=verdict,
        allowed=spec.allowed,
        fits=fact.fits,
        reasons=reasons,
        custodian_reasons=dict(spec.custodian_reasons),
        revisions=dict(spec.revisions),
    )
    if verdict is Verdict.REJECTED and not spec.lives:
        return [reached, *_drop_queued(spec, "the spec can never be placed")]
    return [reached, *_pick_up(spec, verdict, now)]


def unregistered(spec: Spec, fact: DatasetUnregistered, now: datetime, limits: Limits) -> Sequence[Fact]:
    """A dataset of the pact is gone: the spec can never run again."""
    if spec.invalid or fact.dataset not in spec.content.datasets:
        return []
    reason = f"dataset `{fact.dataset}` is no longer registered"
    gone = SpecInvalidated(spec_id=spec.id, reason=reason)
    return [gone, *_drop_queued(spec, reason), *stopped(spec, EndOutcome.SHUTDOWN, reason, now, limits)]


_CAPACITY, _LIMIT = "never_fits", "limit_not_enforced"
_PLACING = {_CAPACITY, _LIMIT}


def _verdict(*, allowed: bool | None, fits: bool | None) -> Verdict:
    if allowed is None or fits is None:
        return Verdict.PENDING
    return Verdict.APPROVED if allowed and fits else Verdict.REJECTED


def _with_capacity(policy: tuple[Reason, ...], known: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return (*policy, *(r for r in known if r.code in _PLACING))


def _obstacles(fact: SpecAssessed) -> Iterator[Reason]:
    for short in fact.shortfalls:
        suggestion = f"ask for less, or have `{short.site}` allot more"
        yield Reason(code=_CAPACITY, text=short.sentence(), path="content.resources", suggestion=suggestion)
    for lacks in fact.unenforced:
        suggestion = f"do not require `{lacks.limit}`, or have the operator of `{lacks.site}` enforce it"
        path = "content.resources.enforced"
        yield Reason(code=_LIMIT, text=lacks.sentence(), path=path, suggestion=suggestion)


def _pick_up(spec: Spec, verdict: Verdict, now: datetime) -> Sequence[Fact]:
    """A job that asked for the activation before the verdict was there gets it now."""
    wanted = spec.queued_jobs and spec.stage is Stage.IDLE and verdict is Verdict.APPROVED
    return [requested(spec, now)] if wanted else []


def _drop_queued(spec: Spec, reason: str) -> Sequence[Fact]:
    return [JobRefused(spec_id=spec.id, job_id=job, slug="not_approved", reason=reason) for job in spec.queued_jobs]
