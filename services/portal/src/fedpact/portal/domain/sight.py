"""
Who may see what. Deny by default; what one may not see does not exist for one.

A spec belongs to its creator's organization and concerns the custodians of its datasets. A job's payload and results
are its creator's and the owner's of the creator's organization, not the custodian's and not the federation's. What
a custodian's policies say is told whole to that organization only, and reasons are told in the tier of the viewer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import Role, UserChanged
from fedpact.contracts.ids import dataset_organization
from fedpact.contracts.jobs import JobStatus
from fedpact.contracts.pact import ModelRef, Person
from fedpact.contracts.policies import PolicyPublished, Reason
from fedpact.contracts.specs import SpecCreated, VerdictReached
from fedpact.portal.domain.model import Audience, GatewayState, JobState, ProposalState, SpecState


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRow:
    """What lists, searches and visibility need of a spec."""

    spec_id: str
    creator: Person
    custodians: frozenset[str]
    datasets: tuple[str, ...]
    model: ModelRef
    status: str
    category: str
    """The main category of the status."""
    created_at: datetime
    words: Mapping[str, str]
    """What a search looks in, in lower case: by what it may be searched by, and `search` for all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """What lists and visibility need of a job."""

    job_id: str
    spec_id: str
    creator: Person
    status: JobStatus
    submitted_at: datetime
    ended_at: datetime | None


STATUS_AT_FIRST = "inactive.awaiting_approval"


def spec_row(state: SpecState) -> SpecRow | None:
    """The row of a spec; `None` while its creation was not heard of."""
    created = state.created
    if created is None:
        return None
    content, status = created.content, state.changed.status if state.changed else STATUS_AT_FIRST
    return SpecRow(
        spec_id=created.spec_id,
        creator=created.creator,
        custodians=frozenset(site.organization for site in created.sites)
        | frozenset(dataset_organization(dataset) for dataset in content.datasets),
        datasets=content.datasets,
        model=content.model,
        status=status,
        category=status.partition(".")[0],
        created_at=created.created_at,
        words=_words(created),
    )


def _words(created: SpecCreated) -> Mapping[str, str]:
    by = {
        "dataset": "\n".join(created.content.datasets).lower(),
        "model": created.content.model.id.lower(),
        "spec": created.spec_id.lower(),
        "creator": f"{created.creator.email or ''}\n{created.creator.user}".lower(),
    }
    return by | {"search": "\n".join(by.values())}


def job_row(state: JobState) -> JobRow | None:
    """The row of a job; `None` while it was not heard of."""
    job = state.changed
    if job is None:
        return None
    return JobRow(
        job_id=job.job_id,
        spec_id=job.spec_id,
        creator=job.actor,
        status=job.status,
        submitted_at=job.submitted_at,
        ended_at=job.ended_at,
    )


def may_see_spec(viewer: Actor, spec: SpecRow) -> bool:
    """Colleagues of the creator, the custodians of its datasets, and admins."""
    mine = viewer.organization
    return mine == spec.creator.organization or mine in spec.custodians or viewer.has(Role.ADMIN)


def may_see_job(viewer: Actor, creator: Person) -> bool:
    """The creator, and the owner of the creator's organization."""
    if viewer.organization != creator.organization:
        return False
    return viewer.user == creator.user or viewer.has(Role.OWNER)


def may_see_gateway(viewer: Actor, gateway: GatewayState) -> bool:
    """The organization that manages it, and admins."""
    known = gateway.registered or gateway.announced
    return known is not None and (viewer.organization == known.organization or viewer.has(Role.ADMIN))


def may_see_proposal(viewer: Actor, proposal: ProposalState) -> bool:
    """The organization whose steward made it."""
    known = proposal.made or proposal.settled
    return known is not None and viewer.organization == known.organization


def may_see_user(viewer: Actor, user: UserChanged) -> bool:
    """Oneself; the owner sees its organization, an admin everybody."""
    if viewer.has(Role.ADMIN) or viewer.user == user.user:
        return True
    return viewer.organization == user.organization and viewer.has(Role.OWNER)


def may_see_policy(viewer: Actor, policy: PolicyPublished) -> bool:
    """The organization that wrote it, and whom it is for."""
    return owns_policy(viewer, policy) or _benefits(viewer, policy)


def owns_policy(viewer: Actor, policy: PolicyPublished) -> bool:
    """Whether the viewer may read every word of it."""
    return viewer.organization == policy.document.organization


def requester_reasons(verdict: VerdictReached | None) -> tuple[Reason, ...]:
    """Reasons that hold nothing derived from data or from policies: for whoever may see the spec."""
    return verdict.reasons if verdict else ()


def custodian_reasons(viewer: Actor, verdict: VerdictReached | None) -> tuple[Reason, ...]:
    """Reasons that only the owner of the custodian they are for may read."""
    if verdict is None or not viewer.has(Role.OWNER):
        return ()
    return verdict.custodian_reasons.get(viewer.organization, ())


def may_hear(viewer: Actor, audience: Audience) -> bool:
    """Whether `viewer` is somebody the audience names."""
    return (
        audience.everyone
        or (audience.admins and viewer.has(Role.ADMIN))
        or viewer.organization in audience.organizations
        or (viewer.organization in audience.owners and viewer.has(Role.OWNER))
        or viewer.user in audience.users
        or _share(viewer.groups, audience.groups)
    )


def _benefits(viewer: Actor, policy: PolicyPublished) -> bool:
    named = policy.document.beneficiaries
    return (
        viewer.user in named.users or viewer.organization in named.organizations or _share(viewer.groups, named.groups)
    )


def _share(ones: Iterable[str], others: Iterable[str]) -> bool:
    return not set(ones).isdisjoint(others)
