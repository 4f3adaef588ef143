"""The status people see, derived from stage, verdict and outcome; and the view of a spec as one fact."""

from fedpact.contracts.specs import EndOutcome, ParticipantView, SpecChanged, Stage, Verdict
from fedpact.contracts.workloads import Phase
from fedpact.spec_lifecycle.domain.model import Spec


def status(spec: Spec) -> str:
    """`value.detail`, in the seeds' words."""
    match spec.stage:
        case Stage.IDLE:
            return _idle(spec)
        case Stage.INVALID:
            return "failed.invalid"
        case Stage.WAITING:
            return "updating.awaiting_resources"
        case Stage.CREATING:
            waits = any(p.phase is Phase.WAITING for p in spec.participants.values())
            return "updating.awaiting_resources" if waits else "updating.creating"
        case Stage.ACTIVE:
            return "active.running" if spec.open_jobs else "active.running_idle"
        case Stage.DELETING:
            return "failed.failed" if spec.outcome is EndOutcome.FAILED else "updating.deleting"


def view(spec: Spec) -> SpecChanged:
    """All that people see of the spec."""
    return SpecChanged(
        spec_id=spec.id,
        status=status(spec),
        verdict=spec.verdict,
        stage=spec.stage,
        generation=spec.generation,
        attempt=spec.attempt,
        outcome=spec.outcome,
        cause=spec.invalid or spec.cause,
        participants={
            name: ParticipantView(gateway=p.gateway, phase=p.phase or "asked", message=p.message)
            for name, p in spec.participants.items()
        },
        open_jobs=tuple(spec.open_jobs),
        idle_since=spec.idle_since,
    )


def _idle(spec: Spec) -> str:
    if spec.verdict is Verdict.PENDING:
        return "inactive.awaiting_approval"
    if spec.verdict is Verdict.REJECTED:
        return "inactive.revoked" if spec.ever_approved else "inactive.rejected"
    if spec.outcome is EndOutcome.FAILED:
        return "failed.failed"
    return "inactive.shutdown" if spec.generation else "inactive.awaiting_activation"
