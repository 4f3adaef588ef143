"""
Artifacts: what jobs leave, one by one, and who may have them; as the jobs service publishes it.

An artifact is one result file of one job. It outlives the activation, is shared by explicit grants alone, and is
deleted by somebody or by its age; that it was there stays known.
"""

import hashlib
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, model_validator

from fedpact.contracts.envelope import Command, Fact, Strict
from fedpact.contracts.ids import Id
from fedpact.contracts.jobs import StoredFile
from fedpact.contracts.pact import ModelRef, Person

STAYS = "keep_in_organization"
"""
The privacy control by which a custodian keeps results where they were made; the hub obeys it, whatever the model.

A model version that names it lets policies set it to `true`: the artifacts of its jobs are then shared with nobody
outside the organization whose job left them.
"""

SERVER_LOG = "server_log"
"""
The permission by which custodians let the FLARE server's log of a job be an artifact. Without it the log, which may
hold what sites said, stays at the orchestrator; every custodian has to give it, to a model version that names it.
"""

MediaType = Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]*$", max_length=100)]


class Grantee(Strict):
    """One user, or everybody of one organization. Exactly one of the two."""

    user: Id | None = None
    organization: Id | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Grantee":
        if (self.user is None) == (self.organization is None):
            raise ValueError("name either a `user` or an `organization`")
        return self

    def covers(self, user: str, organization: str) -> bool:
        """Whether that user is meant."""
        return self.user == user if self.user is not None else self.organization == organization

    def __str__(self) -> str:
        return f"user `{self.user}`" if self.user is not None else f"organization `{self.organization}`"


class ArtifactFact(Fact):
    """What every fact about an artifact holds. `creator` sent the job that left it."""

    artifact_id: Id
    job_id: Id
    spec_id: Id
    creator: Person

    @property
    def key(self) -> str:
        return self.artifact_id


class ArtifactRegistered(ArtifactFact):
    """A stored result file has its own life from now on. `keep_until` is its retention; `None` keeps it for ever."""

    type: ClassVar[str] = "jobs.artifact.registered"

    file: StoredFile
    model: ModelRef
    media_type: MediaType
    round: int | None = None
    """The round it belongs to, when its name tells."""
    stays: bool = False
    """A custodian of the data keeps it in the creator's organization."""
    created_at: AwareDatetime
    keep_until: AwareDatetime | None = None


class ArtifactGranted(ArtifactFact):
    """Somebody else may see and download it."""

    type: ClassVar[str] = "jobs.artifact.granted"

    grantee: Grantee
    by: Id
    at: AwareDatetime


class ArtifactRevoked(ArtifactFact):
    """They may no longer, from their next request on."""

    type: ClassVar[str] = "jobs.artifact.revoked"

    grantee: Grantee
    by: Id
    at: AwareDatetime


class ArtifactDeleted(ArtifactFact):
    """Nobody can have it any more. `by` is nobody when its retention ended."""

    type: ClassVar[str] = "jobs.artifact.deleted"

    cause: Literal["asked", "retention"]
    by: Id | None = None
    at: AwareDatetime


class ArtifactCommand(Command):
    artifact_id: Id

    @property
    def key(self) -> str:
        return self.artifact_id


class GrantArtifact(ArtifactCommand):
    """The creator of the job, or an owner of the creator's organization, lets somebody else have the artifact."""

    type: ClassVar[str] = "jobs.grant_artifact"

    grantee: Grantee


class RevokeArtifact(ArtifactCommand):
    """They take a grant back."""

    type: ClassVar[str] = "jobs.revoke_artifact"

    grantee: Grantee


class DeleteArtifact(ArtifactCommand):
    """They have the artifact deleted, grants and all. Its content goes when no other artifact has the same."""

    type: ClassVar[str] = "jobs.delete_artifact"


def artifact_id(job_id: str, name: str) -> str:
    """The id of the artifact that a job's result file is: the same wherever it is asked for."""
    return "a-" + hashlib.sha256(f"{job_id}/{name}".encode()).hexdigest()[:24]
