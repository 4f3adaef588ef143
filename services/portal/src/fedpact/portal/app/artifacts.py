"""Reads of artifacts: seen here, downloaded from where the jobs service says, as whom the token says."""

from dataclasses import dataclass
from urllib.parse import quote

from fedpact.contracts.api import ArtifactPage, ArtifactQuery, ArtifactsView, ArtifactView, DeletionView
from fedpact.contracts.artifacts import ArtifactDeleted, ArtifactRegistered, artifact_id
from fedpact.contracts.envelope import Actor
from fedpact.contracts.jobs import JobChanged, StoredFile
from fedpact.contracts.queries import AskDownload, DownloadTicket
from fedpact.portal.app.answers import read_answer
from fedpact.portal.app.index import ArtifactRow, Index
from fedpact.portal.app.ports import Line, ReadModel
from fedpact.portal.app.views import creator_view
from fedpact.portal.domain.artifacts import ArtifactState, may_have, may_share
from fedpact.portal.domain.errors import GoneError, NotVisibleError
from fedpact.portal.domain.model import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """What can be read of artifacts."""

    model: ReadModel
    index: Index
    line: Line

    async def list(self, viewer: Actor, query: ArtifactQuery) -> ArtifactPage:
        """One page, newest first. A grant that another replica saw end a moment ago counts no more."""
        found = await self.index.find_artifacts(viewer, query)
        items = [view for row in found.rows if (view := await self._listed(viewer, row)) is not None]
        return ArtifactPage(items=tuple(items), total=found.total, page=query.page, page_size=query.page_size)

    async def get(self, viewer: Actor, key: str) -> ArtifactView:
        """One artifact, or what is left of it."""
        state = await self._state(viewer, key)
        assert state.registered is not None
        return artifact_view(viewer, state.registered, state)

    async def ticket(self, viewer: Actor, key: str, token: str) -> tuple[StoredFile, DownloadTicket]:
        """The file and the permission to read it where it is kept."""
        state = await self._state(viewer, key)
        registered = state.registered
        assert registered is not None
        if state.deleted is not None:
            raise GoneError(f"`{key}` was deleted: `fedpact artifacts get {key}` tells by whom and when")
        question = AskDownload(artifact_id=key, token=token).model_dump_json()
        ticket = read_answer(DownloadTicket, await self.line.ask("jobs", "download", question), "jobs")
        return registered.file, ticket

    async def of_job(self, viewer: Actor, job_id: str, state: JobState) -> ArtifactsView:
        """What a job left, for somebody who may see the job; deleted ones among it."""
        return ArtifactsView(
            job_id=job_id, stored=state.stored is not None, items=await self.views_of(viewer, job_id, state)
        )

    async def views_of(self, viewer: Actor, job_id: str, state: JobState) -> tuple[ArtifactView, ...]:
        if not state.files:
            return ()
        known = {
            found.registered.artifact_id: found
            for found in await self.model.artifacts.where("job", job_id)
            if found.registered is not None
        }
        return tuple(_of_file(viewer, state.changed, file, known) for file in state.files if state.changed)

    async def _listed(self, viewer: Actor, row: ArtifactRow) -> ArtifactView | None:
        if may_share(viewer, row.registered.creator):
            return artifact_view(viewer, row.registered, row.state)
        now = await self.model.artifacts.find(row.registered.artifact_id)
        return artifact_view(viewer, row.registered, now) if now and may_have(viewer, now) else None

    async def _state(self, viewer: Actor, key: str) -> ArtifactState:
        state = await self.model.artifacts.find(key)
        if state is None or not may_have(viewer, state):
            raise NotVisibleError("artifact", key)
        return state


def artifact_view(viewer: Actor, registered: ArtifactRegistered, state: ArtifactState) -> ArtifactView:
    """The artifact in the tier of the viewer."""
    key = registered.artifact_id
    return ArtifactView(
        **registered.file.model_dump(),
        artifact_id=key,
        job_id=registered.job_id,
        spec_id=registered.spec_id,
        creator=creator_view(registered.creator),
        model=registered.model,
        media_type=registered.media_type,
        round=registered.round,
        created_at=registered.created_at,
        keep_until=registered.keep_until,
        grants=state.grants if may_share(viewer, registered.creator) else None,
        deleted=_deletion(state.deleted),
        url="" if state.deleted else content_url(key),
    )


def content_url(key: str) -> str:
    """Where this API streams an artifact from."""
    return f"/v1/artifacts/{quote(key)}/content"


def _deletion(fact: ArtifactDeleted | None) -> DeletionView | None:
    return DeletionView(cause=fact.cause, by=fact.by, at=fact.at) if fact else None


def _of_file(viewer: Actor, job: JobChanged, file: StoredFile, known: dict[str, ArtifactState]) -> ArtifactView:
    """The artifact that a job's file is; before that was heard of, what the job tells of it."""
    key = artifact_id(job.job_id, file.name)
    state = known.get(key)
    if state is not None and state.registered is not None:
        return artifact_view(viewer, state.registered, state)
    return ArtifactView(
        **file.model_dump(),
        artifact_id=key,
        job_id=job.job_id,
        spec_id=job.spec_id,
        creator=creator_view(job.actor),
        url=content_url(key),
    )
