"""What people may ask of a spec: create, clone, activate, deactivate."""

from collections.abc import Sequence
from datetime import datetime

from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.pact import Person, SpecContent
from fedpact.contracts.specs import (
    Activate,
    ActivationEnded,
    ActivationRequested,
    ActivationStopping,
    CloneSpec,
    CreateSpec,
    Deactivate,
    EndOutcome,
    SpecCreated,
    Stage,
    Verdict,
)
from fedpact.spec_lifecycle.domain.catalog import Catalog
from fedpact.spec_lifecycle.domain.errors import (
    AlreadyActivatedError,
    InvalidSpecError,
    NotAllowedError,
    NotApprovedError,
    SpecExistsError,
    StaleGenerationError,
    UnknownSpecError,
)
from fedpact.spec_lifecycle.domain.model import Limits, Spec
from fedpact.spec_lifecycle.domain.status import status

COVERED = "covered"
"""Code of a reason that speaks for a spec."""


def create(spec: Spec | None, order: Order[CreateSpec], catalog: Catalog) -> Sequence[Fact]:
    """A new spec with its sites and its model pinned, or why not."""
    _may_create(order.actor)
    return [_created(spec, order.command.spec_id, order.command.content, order.actor, order.now, catalog)]


def clone(spec: Spec | None, order: Order[CloneSpec], source: Spec | None, catalog: Catalog) -> Sequence[Fact]:
    """The same content under a new id, decided as if it were new."""
    _may_create(order.actor)
    if source is None or source.creator.organization != order.actor.organization:
        raise UnknownSpecError(order.command.source)
    created = _created(spec, order.command.spec_id, source.content, order.actor, order.now, catalog)
    return [created.model_copy(update={"cloned_from": source.id})]


def activate(spec: Spec | None, order: Order[Activate]) -> Sequence[Fact]:
    """Ask for capacity for a new generation."""
    spec = _known(spec, order.command.spec_id)
    _may_run(spec, order.actor)
    _is_expected(spec, order.command.expected_generation)
    if spec.stage is Stage.INVALID:
        raise InvalidSpecError(f"{spec.invalid}: create a new spec")
    if spec.stage is not Stage.IDLE:
        raise AlreadyActivatedError(status(spec))
    _is_approved(spec)
    return [requested(spec, order.now)]


def deactivate(spec: Spec | None, order: Order[Deactivate], limits: Limits) -> Sequence[Fact]:
    """Take the generation down; nothing when there is none."""
    spec = _known(spec, order.command.spec_id)
    _may_stop(spec, order.actor)
    _is_expected(spec, order.command.expected_generation)
    return stopped(spec, EndOutcome.SHUTDOWN, f"deactivated by `{order.actor.user}`", order.now, limits)


def requested(spec: Spec, now: datetime, *, attempt: int = 1) -> ActivationRequested:
    """The wish for capacity: a new generation, or another attempt of the living one."""
    again = attempt > 1
    return ActivationRequested(
        spec_id=spec.id,
        generation=spec.generation if again else spec.generation + 1,
        attempt=attempt,
        creator=spec.creator,
        content=spec.content,
        model=spec.model,
        sites=spec.sites,
        since=spec.since if again and spec.since else now,
    )


def stopped(spec: Spec, outcome: EndOutcome, cause: str, now: datetime, limits: Limits) -> Sequence[Fact]:
    """How a generation is brought to its end from whatever stage it is in."""
    if spec.stage is Stage.WAITING:
        return [ended(spec, outcome, cause)]
    if spec.stage in {Stage.CREATING, Stage.ACTIVE}:
        deadline = now + limits.stop
        return [
            ActivationStopping(
                spec_id=spec.id, generation=spec.generation, outcome=outcome, cause=cause, deadline=deadline, at=now
            )
        ]
    return []


def ended(spec: Spec, outcome: EndOutcome, cause: str, *, but: str = "") -> ActivationEnded:
    """The generation is over; who is not known to be gone is fenced. `but` has just said that it is."""
    fenced = {name: gateway for name, gateway in spec.unaccounted.items() if name != but}
    return ActivationEnded(spec_id=spec.id, generation=spec.generation, outcome=outcome, cause=cause, fenced=fenced)


def _created(
    spec: Spec | None, spec_id: str, content: SpecContent, actor: Actor, now: datetime, catalog: Catalog
) -> SpecCreated:
    if spec is not None:
        raise SpecExistsError(spec_id)
    creator = Person(user=actor.user, organization=actor.organization, groups=actor.groups, email=actor.email)
    return SpecCreated(
        spec_id=spec_id,
        creator=creator,
        content=content,
        model=catalog.pinned(content),
        sites=catalog.sites(content),
        created_at=now,
        roots=catalog.roots(content),
    )


def _known(spec: Spec | None, spec_id: str) -> Spec:
    if spec is None:
        raise UnknownSpecError(spec_id)
    return spec


def _may_create(actor: Actor) -> None:
    if not actor.has(Role.DATA_SCIENTIST, Role.OWNER):
        raise NotAllowedError("only a data scientist or an owner creates compute specs: ask an owner for the role")


def _may_run(spec: Spec, actor: Actor) -> None:
    if actor.user == spec.creator.user or _owns(actor, spec.creator.organization):
        return
    raise NotAllowedError(
        "only its creator, or an owner of the creator's organization, activates a spec: ask"
        f" `{spec.creator.user}`, or `fedpact specs clone {spec.id}` where you may"
    )


def _may_stop(spec: Spec, actor: Actor) -> None:
    """The creator always may, and so may every custodian whose data it is."""
    custodians = {site.organization for site in spec.sites}
    if actor.user == spec.creator.user or actor.has(Role.ADMIN):
        return
    if any(_owns(actor, organization) for organization in {spec.creator.organization, *custodians}):
        return
    raise NotAllowedError(
        "only its creator, an owner of an organization in it, or an admin deactivates a spec: ask"
        f" `{spec.creator.user}`"
    )


def _owns(actor: Actor, organization: str) -> bool:
    return actor.organization == organization and actor.has(Role.OWNER)


def _is_expected(spec: Spec, generation: int | None) -> None:
    if generation is not None and generation != spec.generation:
        raise StaleGenerationError(generation, spec.generation)


def _is_approved(spec: Spec) -> None:
    if spec.verdict is Verdict.PENDING:
        raise NotApprovedError("policies and capacity are still being checked: try again in a moment")
    if spec.verdict is Verdict.REJECTED:
        against = [reason.text for reason in spec.reasons if reason.code != COVERED]
        why = "; ".join(against) or "no policy covers it"
        raise NotApprovedError(f"the spec is rejected: {why}: `fedpact specs why {spec.id}` says what would help")
