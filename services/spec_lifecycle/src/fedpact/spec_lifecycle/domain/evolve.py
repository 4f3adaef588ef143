"""
What each fact means for a spec. The stage moves by the table and by nothing else.

Rules of the table:
 1. One generation at a time: `ActivationRequested` leads out of idle, `ActivationEnded` leads back.
 2. A fact that is not in the row of the stage leaves the stage where it is.
 3. Invalid is the end.
The diagram in the documentation is drawn from `TRANSITIONS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from fedpact.contracts import specs as facts
from fedpact.contracts.envelope import Fact
from fedpact.contracts.ids import SERVER, participant_id
from fedpact.contracts.specs import EndOutcome, Stage, Verdict
from fedpact.spec_lifecycle.domain.model import NO_LONGER_ALLOWED, Fence, Job, Participant, Spec

TRANSITIONS: Mapping[tuple[Stage, type[Fact]], Stage] = {
    (Stage.IDLE, facts.ActivationRequested): Stage.WAITING,
    (Stage.WAITING, facts.GrantsKept): Stage.CREATING,
    (Stage.WAITING, facts.ActivationEnded): Stage.IDLE,
    (Stage.CREATING, facts.ActivationSentBack): Stage.WAITING,
    (Stage.ACTIVE, facts.ActivationSentBack): Stage.WAITING,
    (Stage.CREATING, facts.ActivationCompleted): Stage.ACTIVE,
    (Stage.CREATING, facts.ActivationStopping): Stage.DELETING,
    (Stage.ACTIVE, facts.ActivationStopping): Stage.DELETING,
    (Stage.DELETING, facts.ActivationEnded): Stage.IDLE,
    (Stage.IDLE, facts.SpecInvalidated): Stage.INVALID,
}


def evolve(spec: Spec | None, fact: Fact) -> Spec:
    """The spec after `fact`."""
    if spec is None:
        assert isinstance(fact, facts.SpecCreated)
        return Spec(id=fact.spec_id, creator=fact.creator, content=fact.content, model=fact.model, sites=fact.sites)
    moved = replace(spec, stage=TRANSITIONS.get((spec.stage, type(fact)), spec.stage))
    after = MEANING[type(fact)](moved, fact)
    if after.stage is Stage.IDLE and after.invalid:
        return replace(after, stage=Stage.INVALID)
    return after


def _verdict(spec: Spec, fact: facts.VerdictReached) -> Spec:
    """A verdict that came back ends what the lost one was the cause of."""
    regained = fact.verdict is Verdict.APPROVED and spec.cause == NO_LONGER_ALLOWED
    return replace(
        spec,
        cause="" if regained else spec.cause,
        verdict=fact.verdict,
        allowed=fact.allowed,
        fits=fact.fits,
        reasons=fact.reasons,
        custodian_reasons=fact.custodian_reasons,
        revisions=fact.revisions,
        ever_approved=spec.ever_approved or fact.verdict is Verdict.APPROVED,
    )


def _requested(spec: Spec, fact: facts.ActivationRequested) -> Spec:
    fresh: Mapping[str, Participant] = {} if fact.generation > spec.generation else spec.participants
    return replace(
        spec,
        generation=fact.generation,
        attempt=fact.attempt,
        since=fact.since,
        outcome=EndOutcome.NONE,
        cause="",
        placed_attempt=spec.placed_attempt if fresh else 0,
        participants=fresh,
        grants={},
        bounds=(),
        endpoint=None,
        certificates={},
        due_at=None,
        idle_since=None,
        losses=0 if fact.generation > spec.generation else spec.losses,
    )


def _placed(spec: Spec, fact: facts.ActivationPlaced) -> Spec:
    clients = {
        participant_id(site.gateway, n): Participant(gateway=site.gateway, organization=site.organization)
        for site in fact.sites
        for n in range(1, fact.content.clients_per_gateway + 1)
    }
    server = Participant(gateway=fact.orchestrator, message="waits for the clients")
    placed = {SERVER: server} | clients
    return replace(
        spec,
        orchestrator=fact.orchestrator,
        participants=placed,
        placed_attempt=fact.attempt,
        due_at=fact.deadline,
    )


def _granted(spec: Spec, fact: facts.GrantsKept) -> Spec:
    return replace(spec, grants=fact.grants, bounds=fact.bounds, due_at=fact.deadline or spec.due_at)


def _sent_back(spec: Spec, fact: facts.ActivationSentBack) -> Spec:
    """Open jobs stay open: they run again in the next attempt."""
    return replace(
        spec,
        cause=fact.cause,
        due_at=fact.retry_at,
        grants={},
        bounds=(),
        idle_since=None,
        losses=spec.losses + fact.lost,
        fences=_fenced(spec, fact, fact.at),
    )


def _moved(spec: Spec, fact: facts.ParticipantMoved) -> Spec:
    before = spec.participants[fact.participant]
    after = replace(before, phase=fact.phase, message=fact.message, csr=fact.csr or before.csr)
    return replace(spec, participants={**spec.participants, fact.participant: after})


def _listens(spec: Spec, fact: facts.ServerListens) -> Spec:
    return replace(spec, endpoint=fact.endpoint, certificates=fact.certificates)


def _completed(spec: Spec, fact: facts.ActivationCompleted) -> Spec:
    return replace(spec, due_at=None, idle_since=None if spec.open_jobs else fact.at)


def _stopping(spec: Spec, fact: facts.ActivationStopping) -> Spec:
    return replace(
        spec,
        outcome=fact.outcome,
        cause=fact.cause,
        due_at=fact.deadline,
        idle_since=None,
        stopping_since=fact.at,
    )


def _ended(spec: Spec, fact: facts.ActivationEnded) -> Spec:
    """One that ended while it waited asked nobody: who is fenced was when an attempt was sent back."""
    return replace(
        spec,
        outcome=fact.outcome,
        cause=fact.cause,
        due_at=None,
        since=None,
        grants={},
        bounds=(),
        endpoint=None,
        certificates={},
        open_jobs={},
        queued_jobs={},
        fences=_fenced(spec, fact, spec.stopping_since) if spec.stopping_since else spec.fences,
        stopping_since=None,
        idle_since=None,
    )


def _fenced(
    spec: Spec, fact: facts.ActivationSentBack | facts.ActivationEnded, since: datetime | None
) -> tuple[Fence, ...]:
    """The fences with those of the attempt that `fact` takes down, each in place of an older attempt's."""
    fresh = tuple(
        Fence(
            generation=fact.generation,
            attempt=spec.placed_attempt,
            participant=name,
            gateway=gateway,
            since=since,
        )
        for name, gateway in fact.fenced.items()
    )
    known = {fence.whose for fence in fresh}
    return tuple(fence for fence in spec.fences if fence.whose not in known) + fresh


def _released(spec: Spec, fact: facts.ParticipantReleased) -> Spec:
    freed = fact.generation, fact.participant, fact.gateway
    return replace(spec, fences=tuple(fence for fence in spec.fences if fence.whose != freed))


def _reminded(spec: Spec, fact: facts.ParticipantReminded) -> Spec:
    told = fact.generation, fact.participant, fact.gateway
    fences = (replace(fence, since=fact.at) if fence.whose == told else fence for fence in spec.fences)
    return replace(spec, fences=tuple(fences))


def _queued(spec: Spec, fact: facts.JobQueued) -> Spec:
    job = Job(payload=fact.payload, deactivate=fact.deactivate)
    return replace(spec, queued_jobs={**spec.queued_jobs, fact.job_id: job})


def _opened(spec: Spec, fact: facts.JobOpened) -> Spec:
    job = Job(payload=fact.payload, deactivate=fact.deactivate)
    queued = {k: j for k, j in spec.queued_jobs.items() if k != fact.job_id}
    return replace(spec, open_jobs={**spec.open_jobs, fact.job_id: job}, queued_jobs=queued, idle_since=None)


def _refused(spec: Spec, fact: facts.JobRefused) -> Spec:
    return _without(spec, fact.job_id)


def _cancelling(spec: Spec, fact: facts.JobStopping) -> Spec:
    job = replace(spec.open_jobs[fact.job_id], stopping=True)
    return replace(spec, open_jobs={**spec.open_jobs, fact.job_id: job})


def _closed(spec: Spec, fact: facts.JobClosed) -> Spec:
    after = _without(spec, fact.job_id)
    return replace(after, idle_since=None if after.open_jobs else fact.at)


def _without(spec: Spec, job_id: str) -> Spec:
    """The spec without the job. A wish to take the activation down goes over to the jobs that are left."""
    leaving = spec.open_jobs.get(job_id) or spec.queued_jobs.get(job_id)
    ends = leaving is not None and leaving.deactivate

    def left(jobs: Mapping[str, Job]) -> Mapping[str, Job]:
        return {k: replace(j, deactivate=j.deactivate or ends) for k, j in jobs.items() if k != job_id}

    return replace(spec, open_jobs=left(spec.open_jobs), queued_jobs=left(spec.queued_jobs))


def _invalidated(spec: Spec, fact: facts.SpecInvalidated) -> Spec:
    return replace(spec, invalid=fact.reason)


MEANING: Mapping[type[Fact], Callable[[Spec, Any], Spec]] = {
    facts.VerdictReached: _verdict,
    facts.ActivationRequested: _requested,
    facts.ActivationPlaced: _placed,
    facts.ActivationSentBack: _sent_back,
    facts.GrantsKept: _granted,
    facts.ParticipantMoved: _moved,
    facts.ServerListens: _listens,
    facts.ActivationCompleted: _completed,
    facts.ActivationStopping: _stopping,
    facts.ActivationEnded: _ended,
    facts.ParticipantReleased: _released,
    facts.ParticipantReminded: _reminded,
    facts.JobQueued: _queued,
    facts.JobOpened: _opened,
    facts.JobRefused: _refused,
    facts.JobStopping: _cancelling,
    facts.JobClosed: _closed,
    facts.SpecInvalidated: _invalidated,
}
