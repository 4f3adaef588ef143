"""
The life of an artifact: registered, granted and revoked, deleted by somebody or by its age.

Its creator, who sent the job, and the owners of the creator's organization have it and may share it; whom it was
granted to may have it too, and nobody else knows that it exists. Beyond the creator's organization it is shared only
while the custodians still allow the spec, and never when one of them keeps results in that organization.
"""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fedpact.contracts.artifacts import (
    STAYS,
    ArtifactDeleted,
    ArtifactGranted,
    ArtifactRegistered,
    ArtifactRevoked,
    DeleteArtifact,
    GrantArtifact,
    Grantee,
    RevokeArtifact,
    artifact_id,
)
from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.jobs import StoredFile
from fedpact.contracts.pact import ModelRef, Person
from fedpact.jobs.domain.errors import (
    DeletedError,
    NoSuchGrantError,
    NotAllowedError,
    StaysError,
    TooManyGrantsError,
    UnknownArtifactError,
    UnknownGranteeError,
)
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.terms import Terms

GRANTS = 500
"""An artifact for more than that many is for an organization."""
UNKNOWN_TYPE = "application/octet-stream"
_ROUND = re.compile(r"round[-_ ]?([0-9]{1,6})(?![0-9])")
_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_GUESSES = mimetypes.MimeTypes()
"""The standard's table alone: what the machine's own says would differ from one to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One result file of a job. What is deleted keeps everything but its grants and its content."""

    id: str
    job_id: str
    spec_id: str
    creator: Person
    file: StoredFile
    model: ModelRef
    stays: bool
    keep_until: datetime | None
    grants: tuple[Grantee, ...] = ()
    deleted: Deletion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where artifacts come from, and how long they are kept; `None` for ever."""

    job: Job
    model: ModelRef
    terms: Terms | None
    retention: timedelta | None


def registered(artifact: Artifact | None, file: StoredFile, origin: Origin, at: datetime) -> Sequence[Fact]:
    """A stored file is an artifact from `at` on. Once more changes nothing."""
    if artifact is not None:
        return []
    job, terms = origin.job, origin.terms
    return [
        ArtifactRegistered(
            artifact_id=artifact_id(job.id, file.name),
            job_id=job.id,
            spec_id=job.spec_id,
            creator=job.actor,
            file=file,
            model=origin.model,
            media_type=media_type(file.name),
            round=round_of(file.name),
            stays=terms is not None and terms.stays,
            created_at=at,
            keep_until=None if origin.retention is None else at + origin.retention,
        )
    ]


def granted(
    artifact: Artifact | None, order: Order[GrantArtifact], organization: str | None, terms: Terms | None
) -> Sequence[Fact]:
    """Somebody else may have it. `organization` is the grantee's, `None` when nobody knows the grantee."""
    kept, grantee = _governed(artifact, order), order.command.grantee
    if organization is None:
        raise UnknownGranteeError(grantee)
    if organization != kept.creator.organization:
        _may_leave(kept, terms)
    if grantee in kept.grants:
        return []
    if len(kept.grants) >= GRANTS:
        raise TooManyGrantsError(
            f"an artifact is granted to at most {GRANTS}: grant it to their organization", path="grantee"
        )
    return [ArtifactGranted(**_about(kept), grantee=grantee, by=order.actor.user, at=order.now)]


def revoked(artifact: Artifact | None, order: Order[RevokeArtifact]) -> Sequence[Fact]:
    """They may no longer have it."""
    kept, grantee = _governed(artifact, order), order.command.grantee
    if grantee not in kept.grants:
        raise NoSuchGrantError(kept.id, grantee)
    return [ArtifactRevoked(**_about(kept), grantee=grantee, by=order.actor.user, at=order.now)]


def deleted(artifact: Artifact | None, order: Order[DeleteArtifact]) -> Sequence[Fact]:
    """Somebody wants it gone."""
    kept = _governed(artifact, order)
    return [ArtifactDeleted(**_about(kept), cause="asked", by=order.actor.user, at=order.now)]


def expired(artifact: Artifact | None, now: datetime) -> Sequence[Fact]:
    """Its retention is over."""
    if artifact is None or (until := due(artifact)) is None or now < until:
        return []
    return [ArtifactDeleted(**_about(artifact), cause="retention", at=now)]


def due(artifact: Artifact) -> datetime | None:
    """When its retention is over."""
    return None if artifact.deleted else artifact.keep_until


def readable(artifact: Artifact | None, reader: Actor, artifact_id: str) -> Artifact:
    """The artifact, if `reader` may have its content now."""
    if artifact is None or not (_governs(reader, artifact) or _is_granted(reader, artifact)):
        raise UnknownArtifactError(artifact_id)
    if artifact.deleted is not None:
        raise DeletedError(artifact.id, artifact.deleted.by, artifact.deleted.at)
    return artifact


def is_living(artifact: Artifact | None) -> bool:
    """Whether the content of a job's file is still to be kept; that no artifact is known yet is no reason not to."""
    return artifact is None or artifact.deleted is None


def evolve(artifact: Artifact | None, fact: Fact) -> Artifact:
    """The artifact after `fact`."""
    if isinstance(fact, ArtifactRegistered):
        return _new(fact)
    assert artifact is not None
    match fact:
        case ArtifactGranted():
            return replace(artifact, grants=(*artifact.grants, fact.grantee))
        case ArtifactRevoked():
            return replace(artifact, grants=tuple(g for g in artifact.grants if g != fact.grantee))
        case ArtifactDeleted():
            return replace(artifact, grants=(), deleted=Deletion(by=fact.by, at=fact.at))
        case _:
            raise TypeError(f"an artifact does not know `{fact.type}`")


def media_type(name: str) -> str:
    """What a file is, by its name. Nobody runs or renders a download because of it."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    return _TYPES.get(ending) or _GUESSES.guess_type(f"x{ending}")[0] or UNKNOWN_TYPE


def round_of(name: str) -> int | None:
    """The round in a file's name, `checkpoints/round-3.npz`."""
    found = _ROUND.search(name.lower())
    return int(found[1]) if found else None


def _governed(
    artifact: Artifact | None, order: Order[GrantArtifact] | Order[RevokeArtifact] | Order[DeleteArtifact]
) -> Artifact:
    """The living artifact, if the actor decides over it."""
    kept = readable(artifact, order.actor, order.command.artifact_id)
    if not _governs(order.actor, kept):
        raise NotAllowedError(
            f"only `{kept.creator.user}` or an owner of `{kept.creator.organization}` decides over this artifact"
        )
    return kept


def _governs(actor: Actor, artifact: Artifact) -> bool:
    if actor.organization != artifact.creator.organization:
        return False
    return actor.user == artifact.creator.user or actor.has(Role.OWNER)


def _is_granted(actor: Actor, artifact: Artifact) -> bool:
    return any(grantee.covers(actor.user, actor.organization) for grantee in artifact.grants)


def _may_leave(artifact: Artifact, terms: Terms | None) -> None:
    home = artifact.creator.organization
    if artifact.stays or (terms is not None and terms.stays):
        raise StaysError(f"a custodian of its data keeps it in `{home}` (`{STAYS}`): grant it inside, or ask them")
    if terms is None or not terms.allowed:
        raise StaysError(
            f"the policies no longer allow its spec `{artifact.spec_id}`, so it is not shared beyond `{home}`:"
            " ask the custodians for a policy"
        )


def _about(artifact: Artifact) -> dict[str, str | Person]:
    return {
        "artifact_id": artifact.id,
        "job_id": artifact.job_id,
        "spec_id": artifact.spec_id,
        "creator": artifact.creator,
    }


def _new(fact: ArtifactRegistered) -> Artifact:
    return Artifact(
        id=fact.artifact_id,
        job_id=fact.job_id,
        spec_id=fact.spec_id,
        creator=fact.creator,
        file=fact.file,
        model=fact.model,
        stays=fact.stays,
        keep_until=fact.keep_until,
    )
