"""Operations on artifacts."""

from fedpact.contracts import api
from fedpact.contracts.artifacts import Grantee
from fedpact.portal.entrypoints.routes.route import DELETE, GET, POST, Route, get

ARTIFACTS = (
    Route(
        method=GET,
        path="/v1/artifacts",
        handler="list_artifacts",
        query=api.ArtifactQuery,
        answer=api.ArtifactPage,
        tag="artifacts",
        summary="Artifacts of one's jobs and those one was granted; as owner, one's organization's; newest first",
    ),
    get("/v1/artifacts/{artifact}", "get_artifact", api.ArtifactView, "artifacts", "One artifact, or its tombstone"),
    Route(
        method=GET,
        path="/v1/artifacts/{artifact}/content",
        handler="read_artifact",
        media="application/octet-stream",
        tag="artifacts",
        summary="The content of an artifact, or a range of it",
    ),
    Route(
        method=POST,
        path="/v1/artifacts/{artifact}/grant",
        handler="grant_artifact",
        body=Grantee,
        answer=api.ArtifactView,
        tag="artifacts",
        summary="Let a user or an organization see and download it",
    ),
    Route(
        method=POST,
        path="/v1/artifacts/{artifact}/revoke",
        handler="revoke_artifact",
        body=Grantee,
        answer=api.ArtifactView,
        tag="artifacts",
        summary="Take a grant back, from the next request on",
    ),
    Route(
        method=DELETE,
        path="/v1/artifacts/{artifact}",
        handler="delete_artifact",
        answer=api.ArtifactView,
        tag="artifacts",
        summary="Delete an artifact for everybody; that it was there stays known",
    ),
)
