"""Artifacts in the HTTP API."""

from typing import Literal

from pydantic import AwareDatetime

from fedpact.contracts.api.common import CreatorView, Page, PageQuery
from fedpact.contracts.artifacts import Grantee
from fedpact.contracts.envelope import Model
from fedpact.contracts.ids import Id
from fedpact.contracts.jobs import ArtifactKind, StoredFile
from fedpact.contracts.pact import ModelRef


class ArtifactQuery(PageQuery):
    """Deleted ones are listed when `deleted` is asked for, and to those alone who could share them."""

    kind: ArtifactKind | None = None
    job: Id | None = None
    spec: Id | None = None
    deleted: bool = False


class DeletionView(Model):
    """`by` is nobody when the artifact's retention ended."""

    cause: Literal["asked", "retention"]
    by: Id | None = None
    at: AwareDatetime


class ArtifactView(StoredFile):
    """
    One artifact. `url` is where this API streams it from; it is empty once the artifact is deleted.

    `grants` are told to those who may share it, and to nobody else. `created_at` and what depends on it are absent in
    the moment before the artifact, whose job is known already, is registered.
    """

    artifact_id: Id
    job_id: Id
    spec_id: Id
    creator: CreatorView
    model: ModelRef | None = None
    media_type: str = "application/octet-stream"
    round: int | None = None
    created_at: AwareDatetime | None = None
    keep_until: AwareDatetime | None = None
    grants: tuple[Grantee, ...] | None = None
    deleted: DeletionView | None = None
    url: str


ArtifactPage = Page[ArtifactView]
