"""What the portal remembers, as the API shows it to one viewer. Pure: no view asks anybody anything."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from fedpact.contracts.api import (
    ArtifactView,
    CommandView,
    CreatorView,
    DatasetView,
    GatewayView,
    JobSummary,
    JobView,
    ModelView,
    OrganizationView,
    PageQuery,
    PolicyView,
    ProposalView,
    SpecSummary,
    SpecView,
    TimelineEntry,
    UserView,
    WhyView,
)
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.pact import Person
from fedpact.contracts.policies import PolicyPublished, Reason
from fedpact.contracts.queries import Wait
from fedpact.contracts.registry import DatasetProposed, DatasetRegistered, ModelChanged, ProposalSettled
from fedpact.contracts.specs import EndOutcome, ParticipantView, SpecCreated, Stage, Verdict
from fedpact.portal.domain.model import (
    Entry,
    GatewayState,
    JobState,
    PolicyState,
    ProposalState,
    Sent,
    Settled,
    SpecState,
)
from fedpact.portal.domain.sight import (
    STATUS_AT_FIRST,
    JobRow,
    SpecRow,
    custodian_reasons,
    owns_policy,
    requester_reasons,
)

T = TypeVar("T")


def creator_view(person: Person) -> CreatorView:
    return CreatorView(user=person.user, organization=person.organization, email=person.email)


def organization_view(fact: OrganizationRegistered) -> OrganizationView:
    return OrganizationView(organization=fact.organization, name=fact.name)


def user_view(fact: UserChanged) -> UserView:
    return UserView.model_validate(fact.model_dump())


def dataset_view(fact: DatasetRegistered) -> DatasetView:
    return DatasetView.model_validate(fact.model_dump())


def model_view(fact: ModelChanged) -> ModelView:
    return ModelView.model_validate(fact.model_dump())


def proposal_view(state: ProposalState) -> ProposalView | None:
    """A proposal, open or settled."""
    match state:
        case ProposalState(settled=ProposalSettled() as settled):
            status = {"status": "accepted" if settled.accepted else "refused"}
            return ProposalView.model_validate(settled.model_dump() | status)
        case ProposalState(made=DatasetProposed() as made):
            return ProposalView.model_validate(made.model_dump() | {"status": "proposed"})
        case _:
            return None


def gateway_view(state: GatewayState) -> GatewayView | None:
    """What is registered, with what the site says of itself."""
    known, said = state.registered or state.announced, state.announced
    if known is None:
        return None
    view = GatewayView(gateway=known.gateway, organization=known.organization, role=known.role, access=state.access)
    if said is None:
        return view
    return view.model_copy(
        update={
            "announced": True,
            "totals": said.totals,
            "version": said.version,
            "capabilities": said.capabilities,
            "limits_enforced": said.limits_enforced,
        }
    )


def policy_view(viewer: Actor, published: PolicyPublished, state: PolicyState) -> PolicyView:
    """The whole policy for the organization that wrote it; what concerns them for its beneficiaries."""
    document = published.document
    view = PolicyView(
        policy=published.policy,
        revision=document.revision,
        name=document.name,
        organization=document.organization,
        datasets=document.datasets,
        not_before=document.not_before,
        not_after=document.not_after,
        withdrawn=state.withdrawn,
        signed=bool(published.signed_by),
        rules=document.rules,
    )
    if not owns_policy(viewer, published):
        return view
    return view.model_copy(
        update={
            "description": document.description,
            "beneficiaries": document.beneficiaries,
            "signed_by": published.signed_by,
            "envelope": published.envelope,
        }
    )


def spec_summary(row: SpecRow) -> SpecSummary:
    return SpecSummary(
        spec_id=row.spec_id,
        creator=creator_view(row.creator),
        datasets=row.datasets,
        model=row.model,
        status=row.status,
        created_at=row.created_at,
    )


def spec_view(viewer: Actor, created: SpecCreated, state: SpecState) -> SpecView:
    """The whole spec with the reasons of the viewer's tier."""
    view = SpecView(
        spec_id=created.spec_id,
        creator=creator_view(created.creator),
        datasets=created.content.datasets,
        model=created.content.model,
        status=STATUS_AT_FIRST,
        created_at=created.created_at,
        content=created.content,
        digest=created.model.digest,
        sites=created.sites,
        cloned_from=created.cloned_from,
        verdict=state.verdict.verdict if state.verdict else Verdict.PENDING,
        reasons=requester_reasons(state.verdict),
        custodian_reasons=custodian_reasons(viewer, state.verdict),
        stage=Stage.IDLE,
        generation=0,
    )
    changed = state.changed
    if changed is None:
        return view
    return view.model_copy(
        update={name: getattr(changed, name) for name in ("status", "verdict", "stage", "generation", "attempt")}
        | {name: getattr(changed, name) for name in ("outcome", "cause", "participants", "open_jobs", "idle_since")}
    )


def why_view(spec: SpecView, wait: Wait | None, silent: Sequence[str] = ()) -> WhyView:
    """The decision, the scheduler's word, the participants' messages and who says nothing, in sentences."""
    return WhyView(
        spec_id=spec.spec_id,
        status=spec.status,
        verdict=spec.verdict,
        sentences=(*_sentences(spec, wait), *silent),
        reasons=spec.reasons,
        custodian_reasons=spec.custodian_reasons,
        wait=wait,
    )


def job_summary(row: JobRow) -> JobSummary:
    return JobSummary(
        job_id=row.job_id,
        spec_id=row.spec_id,
        creator=creator_view(row.creator),
        status=row.status,
        submitted_at=row.submitted_at,
        ended_at=row.ended_at,
    )


def job_view(row: JobRow, state: JobState, artifacts: tuple[ArtifactView, ...]) -> JobView:
    job = state.changed
    assert job is not None
    return JobView(
        **job_summary(row).model_dump(),
        steps=job.steps,
        generation=job.generation,
        engine_job=job.engine_job,
        reason=job.reason,
        payload=job.payload,
        artifacts=artifacts,
    )


def timeline_entry(entry: Entry) -> TimelineEntry:
    return TimelineEntry(
        id=entry.key,
        type=entry.kind,
        time=entry.time,
        about=entry.about,
        text=entry.text,
        spec_id=entry.spec_id,
        job_id=entry.job_id,
        correlation=entry.correlation,
    )


def command_view(sent: Sent, settled: Settled | None) -> CommandView:
    view = CommandView(
        command_id=sent.command_id,
        command=sent.command,
        about=sent.about,
        status="pending",
        status_url=f"/v1/commands/{sent.command_id}",
    )
    if settled is None:
        return view
    if settled.accepted:
        return view.model_copy(update={"status": "accepted", "sequence": settled.token})
    told = {"status": "refused", "slug": settled.slug, "reason": settled.reason, "path": settled.path}
    return view.model_copy(update=told)


def cut(items: Sequence[T], page: PageQuery, key: Callable[[T], str]) -> tuple[T, ...]:
    """One page of a short list, by key."""
    first = page.page * page.page_size
    return tuple(sorted(items, key=key)[first : first + page.page_size])


def _sentences(spec: SpecView, wait: Wait | None) -> list[str]:
    told = [f"the status is {spec.status}" + (f": {spec.cause}" if spec.cause else "")]
    told += [_reason(reason) for reason in (*spec.reasons, *spec.custodian_reasons)]
    told += [_standing(name, participant) for name, participant in spec.participants.items() if participant.message]
    if wait is not None and wait.waiting:
        told += [shortfall.sentence() for shortfall in wait.shortfalls]
        told.append(f"{wait.ahead} are ahead in the queue" if wait.ahead else "nobody is ahead in the queue")
    if spec.outcome is EndOutcome.FAILED:
        told.append("the last activation failed: activate it again when the cause is gone")
    return told


def _standing(name: str, participant: ParticipantView) -> str:
    """How a participant stands; a message that only repeats the phase is not said twice."""
    more = "" if participant.message == participant.phase else f": {participant.message}"
    return f"{name} ({participant.gateway}) is {participant.phase}{more}"


def _reason(reason: Reason) -> str:
    return reason.text + (f"; {reason.suggestion}" if reason.suggestion else "")
