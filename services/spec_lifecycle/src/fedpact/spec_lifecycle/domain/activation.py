"""
An activation on its way up and down: what capacity, grants and the sites' observations bring about.

Observations of another generation or attempt change nothing, with one exception: what proves the end of a fenced
participant releases what it held.
"""

from collections.abc import Sequence
from datetime import datetime

from fedpact.contracts.envelope import Fact
from fedpact.contracts.ids import SERVER
from fedpact.contracts.pact import Endpoint
from fedpact.contracts.policies import GrantsDenied, GrantsIssued, GrantsRenewed
from fedpact.contracts.scheduling import ActivationIdled, GangPlaced, GangRefused
from fedpact.contracts.specs import (
    ActivationCompleted,
    ActivationPlaced,
    ActivationSentBack,
    EndOutcome,
    GrantsKept,
    JobOpened,
    ParticipantMoved,
    ParticipantReleased,
    ParticipantReminded,
    ServerListens,
    Stage,
)
from fedpact.contracts.workloads import (
    Cause,
    InventoryTaken,
    ParticipantAccepted,
    ParticipantChanged,
    ParticipantFact,
    ParticipantGone,
    ParticipantRefused,
    Phase,
    ServerReady,
    SitesConnected,
)
from fedpact.spec_lifecycle.domain.model import Fence, Limits, Spec
from fedpact.spec_lifecycle.domain.requests import ended, requested, stopped
from fedpact.spec_lifecycle.domain.words import spoken

FAILED = EndOutcome.FAILED
RUNS = frozenset({Stage.CREATING, Stage.ACTIVE})


def placed(spec: Spec, fact: GangPlaced, now: datetime, limits: Limits) -> Sequence[Fact]:
    """Capacity is reserved: policy is asked again, and has to answer in time."""
    if not _waits_for(spec, fact.generation, fact.attempt):
        return []
    gateways = {site.gateway for site in spec.sites}
    orchestrator = next(site for site in sorted(fact.leases) if site not in gateways)
    return [
        ActivationPlaced(
            spec_id=spec.id,
            generation=spec.generation,
            attempt=spec.attempt,
            creator=spec.creator,
            content=spec.content,
            model=spec.model,
            sites=spec.sites,
            orchestrator=orchestrator,
            deadline=now + limits.grant,
        )
    ]


def never_fits(spec: Spec, fact: GangRefused, now: datetime, limits: Limits) -> Sequence[Fact]:
    """What a site allots or enforces shrank since the verdict."""
    if not _waits_for(spec, fact.generation, fact.attempt):
        return []
    why = "; ".join(fact.sentences())
    return stopped(spec, FAILED, f"it can never be placed: {why}", now, limits)


def granted(spec: Spec, fact: GrantsIssued, now: datetime, limits: Limits) -> Sequence[Fact]:
    """The grants for a placed activation start its creation."""
    if not _waits_for(spec, fact.generation, fact.attempt) or spec.placed_attempt != spec.attempt:
        return []
    return [_kept(spec, fact, now + limits.prepare)]


def renewed(spec: Spec, fact: GrantsRenewed) -> Sequence[Fact]:
    """Later ends for the grants of a living activation."""
    if spec.stage not in RUNS or (fact.generation, fact.attempt) != (spec.generation, spec.placed_attempt):
        return []
    return [_kept(spec, fact, None)]


def denied(spec: Spec, fact: GrantsDenied, now: datetime, limits: Limits) -> Sequence[Fact]:
    """The policies changed between verdict and activation."""
    if not _waits_for(spec, fact.generation, fact.attempt):
        return []
    why = "; ".join(reason.text for reason in fact.reasons)
    return stopped(spec, EndOutcome.SHUTDOWN, f"denied by policy: {why}", now, limits)


def observed(spec: Spec, fact: ParticipantFact, now: datetime, limits: Limits) -> Sequence[Fact]:
    """An agent spoke about a participant."""
    return [*_unfenced(spec, fact), *_heard(spec, fact, now, limits)]


def _heard(spec: Spec, fact: ParticipantFact, now: datetime, limits: Limits) -> Sequence[Fact]:
    """What it means for the living attempt."""
    if not spec.lives or (fact.generation, fact.attempt) != (spec.generation, spec.placed_attempt):
        return []
    if fact.participant not in spec.participants or spec.participants[fact.participant].gateway != fact.gateway:
        return []
    match fact:
        case ParticipantAccepted():
            return [_moved(spec, fact, Phase.PREPARED, "prepared", csr=fact.csr)] if spec.stage in RUNS else []
        case ParticipantRefused():
            return _refused(spec, fact, now, limits)
        case ParticipantGone() | ParticipantChanged(phase=Phase.GONE):
            return _gone(spec, fact, now, limits)
        case ParticipantChanged():
            return _changed(spec, fact, now, limits)
        case _:
            return []


def listens(spec: Spec, fact: ServerReady) -> Sequence[Fact]:
    """The FLARE server is up: every client gets endpoint and certificate."""
    if spec.stage is not Stage.CREATING or not _is_orchestrator(spec, fact.gateway, fact.generation, fact.attempt):
        return []
    endpoint = Endpoint(
        project=fact.project, host=fact.host, port=fact.port, root_ca=fact.root_ca, server_name=fact.server_name
    )
    said = ServerListens(spec_id=spec.id, generation=spec.generation, endpoint=endpoint, certificates=fact.certificates)
    return [said] if (spec.endpoint, dict(spec.certificates)) != (endpoint, fact.certificates) else []


def connected(spec: Spec, fact: SitesConnected, now: datetime) -> Sequence[Fact]:
    """Every expected site is connected: jobs that waited for it are opened."""
    if spec.stage is not Stage.CREATING or not _is_orchestrator(spec, fact.gateway, fact.generation, fact.attempt):
        return []
    if set(fact.sites) != set(spec.clients):
        return []
    done = ActivationCompleted(spec_id=spec.id, generation=spec.generation, at=now)
    waiting = [
        JobOpened(
            spec_id=spec.id, job_id=key, generation=spec.generation, payload=job.payload, deactivate=job.deactivate
        )
        for key, job in spec.queued_jobs.items()
    ]
    return [done, *waiting]


def idled(spec: Spec, fact: ActivationIdled, now: datetime, limits: Limits) -> Sequence[Fact]:
    """The scheduler found it idle for too long: it ends, if it is idle since the same moment, so that no job came."""
    if spec.stage is not Stage.ACTIVE or (spec.generation, spec.idle_since) != (fact.generation, fact.since):
        return []
    return stopped(spec, EndOutcome.SHUTDOWN, f"culled after {spoken(now - fact.since)} idle", now, limits)


def counted(spec: Spec, fact: InventoryTaken, now: datetime, limits: Limits) -> Sequence[Fact]:
    """
    A site says all that runs there: fenced participants that are not among it are gone.

    Unless its agent had not heard yet that they are to stop: it may have begun one since. It may never hear, when it
    was away for longer than directives are kept: who is there and not gone in time is told again.
    """
    present = {(p.spec_id, p.generation, p.participant) for p in fact.present}
    here = [fence for fence in spec.fences if fence.gateway == fact.gateway]
    gone = [
        fence
        for fence in here
        if (spec.id, fence.generation, fence.participant) not in present
        if fence.since is None or (fact.heard_at is not None and fence.since <= fact.heard_at)
    ]
    late = [fence for fence in here if fence not in gone and _is_to_hear_again(spec, fence, now, limits)]
    return [*(_freed(spec, fence) for fence in gone), *(_reminded(spec, fence, now) for fence in late)]


def _is_to_hear_again(spec: Spec, fence: Fence, now: datetime, limits: Limits) -> bool:
    """While something is under way, what its sites are told of that ends what was before."""
    rests = spec.stage not in {*RUNS, Stage.DELETING}
    return rests and (fence.since is None or now - fence.since >= limits.stop)


def _reminded(spec: Spec, fence: Fence, now: datetime) -> ParticipantReminded:
    return ParticipantReminded(
        spec_id=spec.id, generation=fence.generation, participant=fence.participant, gateway=fence.gateway, at=now
    )


def ticked(spec: Spec, now: datetime, limits: Limits) -> Sequence[Fact]:
    """A phase missed its deadline, or it is time to ask for capacity again."""
    if spec.due_at is None or now < spec.due_at:
        return []
    if spec.pauses:
        return [requested(spec, now, attempt=spec.attempt + 1)]
    if spec.stage is Stage.WAITING:
        seconds = f"{limits.grant.total_seconds():g} s"
        text = f"policy gave no grants within {seconds}: see that the policy service runs, then activate again"
        return stopped(spec, FAILED, text, now, limits)
    if spec.stage is Stage.CREATING:
        return stopped(spec, FAILED, f"not ready in time: {_missing(spec)}", now, limits)
    return [ended(spec, spec.outcome, spec.cause)]


def _kept(spec: Spec, fact: GrantsIssued, deadline: datetime | None) -> GrantsKept:
    return GrantsKept(
        spec_id=spec.id,
        generation=spec.generation,
        attempt=spec.attempt,
        grants=fact.grants,
        bounds=fact.bounds,
        deadline=deadline,
    )


def _changed(spec: Spec, fact: ParticipantChanged, now: datetime, limits: Limits) -> Sequence[Fact]:
    before = spec.participants[fact.participant]
    if (before.phase, before.message) == (fact.phase, fact.message) or before.phase is Phase.GONE:
        return []
    moved = _moved(spec, fact, fact.phase, fact.message)
    if fact.phase is not Phase.FAILED or spec.stage is Stage.WAITING:
        return [moved]
    if fact.cause is Cause.KILLED and spec.stage in RUNS and spec.losses < limits.losses:
        return [moved, _sent_back(spec, f"`{fact.participant}` is set up anew: {fact.message}", now, now, lost=True)]
    return [moved, *stopped(spec, FAILED, f"`{fact.participant}` failed: {fact.message}", now, limits)]


def _refused(spec: Spec, fact: ParticipantRefused, now: datetime, limits: Limits) -> Sequence[Fact]:
    if spec.stage not in RUNS:
        return []
    text = f"`{fact.gateway}` refused: {fact.reason}"
    if fact.cause is Cause.CAPACITY and spec.stage is Stage.CREATING and spec.endpoint is None:
        return [_sent_back(spec, text, now, now + limits.retry_after(spec.attempt))]
    return [_moved(spec, fact, Phase.FAILED, fact.reason), *stopped(spec, FAILED, text, now, limits)]


def _sent_back(spec: Spec, cause: str, now: datetime, retry_at: datetime, *, lost: bool = False) -> ActivationSentBack:
    return ActivationSentBack(
        spec_id=spec.id,
        generation=spec.generation,
        attempt=spec.attempt,
        cause=cause,
        retry_at=retry_at,
        lost=lost,
        fenced=dict(spec.unaccounted),
        at=now,
    )


def _gone(spec: Spec, fact: ParticipantFact, now: datetime, limits: Limits) -> Sequence[Fact]:
    if spec.participants[fact.participant].phase is Phase.GONE:
        return []
    moved = _moved(spec, fact, Phase.GONE, "gone")
    if spec.stage in RUNS:
        return [moved, *stopped(spec, FAILED, f"`{fact.participant}` ended by itself", now, limits)]
    left = spec.stage is Stage.WAITING or spec.unaccounted.keys() - {fact.participant}
    return [moved] if left else [moved, ended(spec, spec.outcome, spec.cause, but=fact.participant)]


def _moved(spec: Spec, fact: ParticipantFact, phase: Phase, message: str, *, csr: str = "") -> ParticipantMoved:
    return ParticipantMoved(
        spec_id=spec.id,
        generation=spec.generation,
        participant=fact.participant,
        phase=phase,
        message=message,
        csr=csr,
    )


def _unfenced(spec: Spec, fact: ParticipantFact) -> Sequence[Fact]:
    return [_freed(spec, fence) for fence in spec.fences if _is_proven_gone(fence, fact)]


def _is_proven_gone(fence: Fence, fact: ParticipantFact) -> bool:
    """A site begins a later attempt, and speaks of it, only when nothing of an earlier one is left."""
    if (fence.participant, fence.gateway) != (fact.participant, fact.gateway):
        return False
    fenced, said = (fence.generation, fence.attempt), (fact.generation, fact.attempt)
    return said > fenced or (said == fenced and isinstance(fact, ParticipantGone))


def _freed(spec: Spec, fence: Fence) -> ParticipantReleased:
    goes_on = spec.lives and fence.generation == spec.generation
    return ParticipantReleased(
        spec_id=spec.id,
        generation=fence.generation,
        participant=fence.participant,
        gateway=fence.gateway,
        attempt=fence.attempt if goes_on else 0,
    )


def _waits_for(spec: Spec, generation: int, attempt: int) -> bool:
    """Whether an answer is about the capacity the spec waits for now."""
    asked = (generation, attempt) == (spec.generation, spec.attempt)
    return asked and spec.stage is Stage.WAITING and not spec.pauses


def _is_orchestrator(spec: Spec, gateway: str, generation: int, attempt: int) -> bool:
    return (gateway, generation, attempt) == (spec.orchestrator, spec.generation, spec.placed_attempt)


def _missing(spec: Spec) -> str:
    waiting = [f"`{name}` ({p.message})" for name, p in spec.participants.items() if p.phase is not Phase.READY]
    return ", ".join(waiting) or f"the connection to `{SERVER}`"
