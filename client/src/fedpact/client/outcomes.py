"""When a spec is what was waited for, and when it never will be without somebody's doing. Pure."""

from typing import Literal, get_args

from fedpact.client import operations
from fedpact.client.errors import InputError, SpecEndedError, TimedOutError
from fedpact.client.waiting import Waiting
from fedpact.contracts.api import SpecView
from fedpact.contracts.specs import EndOutcome, Stage, Verdict

Goal = Literal["approved", "active", "inactive"]


def becoming(spec_id: str, goal: Goal, timeout: float) -> Waiting[SpecView]:
    """Waiting for the spec to be `goal`."""
    if goal not in get_args(Goal):
        raise InputError(f"a spec never becomes `{goal}`: wait for it to be `approved`, `active` or `inactive`")
    return Waiting(
        look=operations.spec(spec_id),
        done=lambda spec: reached(spec, goal),
        late=lambda spec: TimedOutError(
            f"`{spec_id}` is {spec.status} after {timeout:g} s and goes on: `fedpact specs why {spec_id}` tells"
            " what it waits for"
        ),
        told=told,
        timeout=timeout,
    )


def told(spec: SpecView) -> str:
    """How the spec stands, in one line."""
    parts = [f"{name} {part.phase}" for name, part in sorted(spec.participants.items())]
    return f"spec {spec.spec_id}: {spec.status}" + (f" ({', '.join(parts)})" if parts else "")


def reached(spec: SpecView, goal: Goal) -> bool:
    """Whether the spec is what is waited for; raises when it will not become so without somebody's doing."""
    match goal:
        case "approved":
            _can_be_approved(spec)
            return spec.verdict is Verdict.APPROVED
        case "inactive":
            return spec.stage in {Stage.IDLE, Stage.INVALID}
        case "active":
            if spec.stage is Stage.ACTIVE:
                return True
            _can_become_active(spec)
            return False


def _can_be_approved(spec: SpecView) -> None:
    if spec.stage is Stage.INVALID or spec.verdict is Verdict.REJECTED:
        raise _ended(spec)


def _can_become_active(spec: SpecView) -> None:
    _can_be_approved(spec)
    if spec.outcome is EndOutcome.FAILED and spec.stage in {Stage.IDLE, Stage.DELETING}:
        raise _ended(spec)
    if spec.stage is Stage.DELETING or (spec.stage is Stage.IDLE and spec.verdict is not Verdict.PENDING):
        raise SpecEndedError(
            f"`{spec.spec_id}` is {spec.status} and nobody activates it: `fedpact specs activate {spec.spec_id}`", spec
        )


def _ended(spec: SpecView) -> SpecEndedError:
    against = [reason for reason in spec.reasons if reason.code != "covered"][:3]
    reasons = "; ".join(f"{r.text} ({r.suggestion})" if r.suggestion else r.text for r in against)
    cause = spec.cause or reasons or "no cause told"
    return SpecEndedError(f"`{spec.spec_id}` is {spec.status}: {cause}: see `fedpact specs why {spec.spec_id}`", spec)
