"""Artifacts: what jobs left, kept past the activation, shared by explicit grants."""

from pathlib import Path

from fedpact.client import operations
from fedpact.client.downloads import saved
from fedpact.client.errors import InputError
from fedpact.client.pages import every
from fedpact.client.steps import Flow, Telling
from fedpact.client.verbs import H, Noun, series, verb
from fedpact.contracts.api import ArtifactPage, ArtifactQuery, ArtifactView
from fedpact.contracts.artifacts import Grantee


class Artifacts(Noun[H]):
    """`fp.artifacts`."""

    __slots__ = ()

    @verb
    def get(self, artifact_id: str) -> Flow[ArtifactView]:
        """One artifact with its metadata, or its tombstone."""
        return self.hub.flow(operations.get_artifact(artifact_id))

    @verb
    def list(self, query: ArtifactQuery | None = None) -> Flow[ArtifactPage]:
        """One page of the artifacts one may have, newest first."""
        return self.hub.flow(operations.list_artifacts(query or ArtifactQuery()))

    @series
    def every(self, query: ArtifactQuery | None = None) -> Telling[ArtifactView]:
        """All of them, page after page."""
        return every(lambda asked: self.hub.flow(operations.list_artifacts(asked)), query or ArtifactQuery())

    @verb
    def download(self, artifact_id: str, folder: Path | str = ".") -> Flow[Path]:
        """Save it below `folder`. What does not have its digest is not kept; what broke off goes on."""
        item = yield from self.hub.flow(operations.get_artifact(artifact_id))
        if item.deleted is not None:
            raise InputError(f"`{artifact_id}` is deleted: `fedpact artifacts get {artifact_id}` tells by whom")
        return (yield from saved(operations.content_path(artifact_id), item, Path(folder)))

    @verb
    def grant(
        self, artifact_id: str, *, user: str | None = None, organization: str | None = None, key: str | None = None
    ) -> Flow[ArtifactView]:
        """Let a user, or everybody of an organization, see and download it. Exactly one of the two."""
        to = grantee(user, organization)
        return self.hub.flow(operations.grant_artifact(artifact_id, to, self.hub.key(key)))

    @verb
    def revoke(
        self, artifact_id: str, *, user: str | None = None, organization: str | None = None, key: str | None = None
    ) -> Flow[ArtifactView]:
        """Take a grant back, from their next request on."""
        to = grantee(user, organization)
        return self.hub.flow(operations.revoke_artifact(artifact_id, to, self.hub.key(key)))

    @verb
    def delete(self, artifact_id: str, *, key: str | None = None) -> Flow[ArtifactView]:
        """Delete it for everybody; that it was there stays known."""
        return self.hub.flow(operations.delete_artifact(artifact_id, self.hub.key(key)))


def grantee(user: str | None, organization: str | None) -> Grantee:
    """Whoever is named."""
    said = {"user": user, "organization": organization}
    return Grantee.model_validate({name: value for name, value in said.items() if value is not None})
