"""
Which facts people can follow, in which words, and who may hear of each.

The words hold nothing that the narrowest of the audience may not know: no payloads, no reasons, no policy text.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fedpact.contracts.access import (
    AccessFact,
    GatewayEnrolled,
    GatewayExpiring,
    GatewayInvited,
    GatewayRenewed,
    GatewayRevoked,
)
from fedpact.contracts.artifacts import ArtifactDeleted, ArtifactFact, ArtifactGranted, ArtifactRevoked, Grantee
from fedpact.contracts.envelope import Fact
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import ArtifactsStored, JobChanged
from fedpact.contracts.pact import Person
from fedpact.contracts.policies import PolicyPublished, PolicyWithdrawn
from fedpact.contracts.registry import (
    DatasetProposed,
    DatasetRegistered,
    DatasetUnregistered,
    GatewayAnnounced,
    GatewayRegistered,
    ModelChanged,
    ProposalSettled,
)
from fedpact.contracts.scheduling import GangQueued, GangRefused
from fedpact.contracts.specs import ParticipantView, SpecChanged, SpecCreated, Verdict, VerdictReached
from fedpact.portal.domain.model import Audience, Entry

KEPT = timedelta(days=90)
GatewayFact = GatewayRegistered | GatewayAnnounced | AccessFact
EVERYONE = Audience(everyone=True)
NOBODY = Audience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when a fact was heard."""

    stream: str
    position: int
    time: datetime
    correlation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    text: str
    audience: Audience = NOBODY
    spec_id: str | None = None
    job_id: str | None = None
    artifact_id: str | None = None


def entry_of(fact: Fact, place: Place, creator: Person | None = None) -> Entry | None:
    """The journal's line about `fact`, if it has one. `creator` is whose job stored artifacts are."""
    line = _line(fact, creator)
    if line is None:
        return None
    return Entry(
        origin=place.stream,
        position=place.position,
        kind=fact.type,
        about=fact.key,
        time=place.time,
        text=line.text,
        spec_id=line.spec_id,
        job_id=line.job_id,
        artifact_id=line.artifact_id,
        correlation=place.correlation,
        audience=line.audience,
        until=place.time + KEPT,
    )


def _line(fact: Fact, creator: Person | None) -> _Line | None:
    match fact:
        case SpecCreated(spec_id=spec_id):
            return _Line(text=f"created by {fact.creator.user}", spec_id=spec_id)
        case VerdictReached(spec_id=spec_id):
            asked = fact.verdict is Verdict.PENDING  # which the status says
            return _Line(text="" if asked else f"verdict {fact.verdict.value}", spec_id=spec_id)
        case SpecChanged(spec_id=spec_id):
            return _Line(text=_status(fact), spec_id=spec_id)
        case GangQueued(spec_id=spec_id):
            text = "; ".join(["waits for capacity", *(s.sentence() for s in fact.shortfalls)])
            return _Line(text=text, spec_id=spec_id)
        case GangRefused(spec_id=spec_id):
            return _Line(text="; ".join(["can never be placed", *fact.sentences()]), spec_id=spec_id)
        case JobChanged(spec_id=spec_id, job_id=job_id):
            text = f"job {job_id} {fact.status.value}" + (f": {fact.reason}" if fact.reason else "")
            return _Line(text=text, spec_id=spec_id, job_id=job_id, audience=_of(fact.actor))
        case ArtifactsStored(spec_id=spec_id, job_id=job_id) if creator is not None:
            text = f"job {job_id} left {len(fact.files)} files"
            return _Line(text=text, spec_id=spec_id, job_id=job_id, audience=_of(creator))
        case ArtifactFact():
            return _of_artifact(fact)
        case _:
            return _elsewhere(fact)


def _of_artifact(fact: ArtifactFact) -> _Line:
    """That a job's files are artifacts was told with the files."""
    heard = _of(fact.creator)
    match fact:
        case ArtifactGranted() | ArtifactRevoked():
            verb = "granted to" if isinstance(fact, ArtifactGranted) else "revoked from"
            text, heard = f"artifact {fact.artifact_id} {verb} {fact.grantee}", _with(heard, fact.grantee)
        case ArtifactDeleted():
            text = f"artifact {fact.artifact_id} deleted" + (f" by {fact.by}" if fact.by else ", past its retention")
        case _:
            text = ""
    return _Line(text=text, spec_id=fact.spec_id, job_id=fact.job_id, artifact_id=fact.artifact_id, audience=heard)


def _with(heard: Audience, grantee: Grantee) -> Audience:
    """Whom it concerns hears it too."""
    users = (grantee.user,) if grantee.user is not None else ()
    organizations = (grantee.organization,) if grantee.organization is not None else ()
    return replace(heard, users=(*heard.users, *users), organizations=(*heard.organizations, *organizations))


def _elsewhere(fact: Fact) -> _Line | None:
    """What happens outside specs and jobs."""
    if isinstance(fact, GatewayFact):
        heard = Audience(admins=True, organizations=(fact.organization,))
        return _Line(text=f"gateway {fact.gateway} {_of_gateway(fact)}", audience=heard)
    match fact:
        case OrganizationRegistered():
            return _Line(text=f"organization {fact.organization} joined", audience=EVERYONE)
        case UserChanged():
            heard = Audience(admins=True, owners=(fact.organization,), users=(fact.user,))
            return _Line(text=f"user {fact.user} {'disabled' if fact.disabled else 'changed'}", audience=heard)
        case DatasetRegistered():
            return _Line(text=f"dataset {fact.dataset} registered", audience=EVERYONE)
        case DatasetUnregistered():
            return _Line(text=f"dataset {fact.dataset} unregistered", audience=EVERYONE)
        case DatasetProposed() | ProposalSettled():
            verb = "proposed" if isinstance(fact, DatasetProposed) else "accepted" if fact.accepted else "refused"
            heard = Audience(organizations=(fact.organization,))
            return _Line(text=f"dataset {fact.name} {verb} at {fact.gateway}", audience=heard)
        case ModelChanged():
            newest = fact.versions[-1].version if fact.versions else "no version yet"
            return _Line(text=f"model {fact.model} changed ({newest})", audience=EVERYONE)
        case PolicyPublished():
            named = fact.document.beneficiaries
            organizations = (fact.document.organization, *named.organizations)
            heard = Audience(organizations=organizations, users=named.users, groups=named.groups)
            return _Line(text=f"policy {fact.policy} published", audience=heard)
        case PolicyWithdrawn():
            return _Line(text=f"policy {fact.policy} withdrawn", audience=Audience(organizations=(fact.organization,)))
        case _:
            return None


def _of_gateway(fact: GatewayFact) -> str:
    match fact:
        case GatewayRegistered():
            return "registered"
        case GatewayAnnounced():
            return f"announced version {fact.version}"
        case GatewayInvited():
            return f"invited by {fact.invited_by}"
        case GatewayEnrolled():
            return "enrolled"
        case GatewayRenewed():
            return "renewed its credentials"
        case GatewayRevoked():
            return f"revoked by {fact.revoked_by}"
        case GatewayExpiring():
            return f"loses its place on the bus in {fact.days} days: see that its agent runs"


def _of(creator: Person) -> Audience:
    return Audience(users=(creator.user,), owners=(creator.organization,))


def _status(fact: SpecChanged) -> str:
    told = [_participant(name, part) for name, part in fact.participants.items()]
    return "; ".join([fact.status + (f": {fact.cause}" if fact.cause else ""), *told])


def _participant(name: str, part: ParticipantView) -> str:
    said = "" if part.message in {"", part.phase} else f" ({part.message})"
    return f"{name} {part.phase}{said}"
