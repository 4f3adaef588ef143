"""
What is offered to whom on a spec's page.

The owning context decides every command. These rules only spare people buttons that would be refused; where they and
the owner differ, the owner is right and the refusal says why.
"""

from dataclasses import dataclass

from fedpact.contracts.api import JobSummary, SpecView
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import Role
from fedpact.contracts.specs import Stage, Verdict

RUNNING = (Stage.WAITING, Stage.CREATING, Stage.ACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The actions worth a button."""

    activate: bool = False
    deactivate: bool = False
    clone: bool = False
    submit: bool = False


def offers(viewer: Actor, spec: SpecView) -> Offers:
    """What `viewer` can do with the spec as it is now."""
    approved = spec.verdict is Verdict.APPROVED
    return Offers(
        activate=_may_run(viewer, spec) and approved and spec.stage is Stage.IDLE,
        deactivate=_may_stop(viewer, spec) and spec.stage in RUNNING,
        clone=_computes_there(viewer, spec),
        submit=_computes_there(viewer, spec) and approved and spec.stage in (*RUNNING, Stage.IDLE),
    )


def may_propose(viewer: Actor) -> bool:
    """Data scientists propose specs, and owners for their organization."""
    return viewer.has(Role.DATA_SCIENTIST, Role.OWNER)


def may_cancel(viewer: Actor, job: JobSummary) -> bool:
    """Its creator, or an owner of the same organization, while it has not ended."""
    mine = viewer.user == job.creator.user or _owns(viewer, job.creator.organization)
    return mine and not job.status.final


def _may_run(viewer: Actor, spec: SpecView) -> bool:
    return viewer.user == spec.creator.user or _owns(viewer, spec.creator.organization)


def _may_stop(viewer: Actor, spec: SpecView) -> bool:
    custodian = any(_owns(viewer, site.organization) for site in spec.sites)
    return _may_run(viewer, spec) or custodian or viewer.has(Role.ADMIN)


def _computes_there(viewer: Actor, spec: SpecView) -> bool:
    return viewer.organization == spec.creator.organization and may_propose(viewer)


def _owns(viewer: Actor, organization: str) -> bool:
    return viewer.organization == organization and viewer.has(Role.OWNER)
