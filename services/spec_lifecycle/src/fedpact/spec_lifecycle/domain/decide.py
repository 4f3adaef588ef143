"""What a message brings about: the one entrance to the rules of a spec, total over its messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fedpact.contracts.envelope import Fact, Order
from fedpact.contracts.jobs import JobCancelled, JobSubmitted
from fedpact.contracts.policies import GrantsDenied, GrantsIssued, GrantsRenewed, SpecDecided
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.scheduling import ActivationIdled, GangPlaced, GangRefused, SpecAssessed
from fedpact.contracts.specs import Activate, ActivationEnded, Deactivate, JobRefused
from fedpact.contracts.workloads import InventoryTaken, JobObserved, ParticipantFact, ServerReady, SitesConnected
from fedpact.spec_lifecycle.domain import activation, requests, verdicts, work
from fedpact.spec_lifecycle.domain.model import Limits, Spec


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


AboutOneSpec = (
    SpecDecided
    | SpecAssessed
    | GangPlaced
    | GangRefused
    | ActivationIdled
    | GrantsIssued
    | GrantsDenied
    | ParticipantFact
    | ServerReady
    | SitesConnected
    | JobSubmitted
    | JobCancelled
    | JobObserved
)
"""News that names its spec."""
Heard = AboutOneSpec | InventoryTaken | DatasetUnregistered | Tick


def ordered(spec: Spec | None, order: Order[Activate] | Order[Deactivate], limits: Limits) -> Sequence[Fact]:
    """The facts a command about an existing spec brings about, or a `SpecError`."""
    match order.command:
        case Activate():
            return requests.activate(spec, Order(command=order.command, actor=order.actor, now=order.now))
        case Deactivate():
            asked = Order(command=order.command, actor=order.actor, now=order.now)
            return _with_ends(spec, requests.deactivate(spec, asked, limits))


def heard(spec: Spec | None, message: Heard, now: datetime, limits: Limits) -> Sequence[Fact]:
    """The facts that news brings about. What is not news, or about a spec nobody created, brings about none."""
    if spec is None:
        return []
    return _with_ends(spec, _heard(spec, message, now, limits))


def _heard(spec: Spec, message: Heard, now: datetime, limits: Limits) -> Sequence[Fact]:  # noqa: C901, PLR0912
    match message:
        case SpecDecided():
            return verdicts.decided(spec, message, now, limits)
        case SpecAssessed():
            return verdicts.assessed(spec, message, now)
        case DatasetUnregistered():
            return verdicts.unregistered(spec, message, now, limits)
        case GangPlaced():
            return activation.placed(spec, message, now, limits)
        case GangRefused():
            return activation.never_fits(spec, message, now, limits)
        case ActivationIdled():
            return activation.idled(spec, message, now, limits)
        case GrantsRenewed():
            return activation.renewed(spec, message)
        case GrantsIssued():
            return activation.granted(spec, message, now, limits)
        case GrantsDenied():
            return activation.denied(spec, message, now, limits)
        case ParticipantFact():
            return activation.observed(spec, message, now, limits)
        case ServerReady():
            return activation.listens(spec, message)
        case SitesConnected():
            return activation.connected(spec, message, now)
        case InventoryTaken():
            return activation.counted(spec, message, now, limits)
        case JobSubmitted():
            return work.submitted(spec, message, now)
        case JobCancelled():
            return work.cancelled(spec, message, now, limits)
        case JobObserved():
            return work.observed(spec, message, now, limits)
        case Tick():
            return activation.ticked(spec, now, limits)


def _with_ends(spec: Spec | None, facts: Sequence[Fact]) -> Sequence[Fact]:
    """A generation that ends lets go the jobs that waited for it, each with the reason."""
    if spec is None:
        return facts
    ends = [fact for fact in facts if isinstance(fact, ActivationEnded)]
    told = {fact.job_id for fact in facts if isinstance(fact, JobRefused)}
    waiting = [job for job in spec.queued_jobs if job not in told] if ends else []
    cause = ends[0].cause if ends else ""
    let_go = [JobRefused(spec_id=spec.id, job_id=j, slug="activation_ended", reason=cause) for j in waiting]
    return [*let_go, *facts]
