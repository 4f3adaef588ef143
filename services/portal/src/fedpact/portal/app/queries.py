"""Reads: documents of the read model joined into views for one viewer. What the viewer may not see is not found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.api import (
    ArtifactsView,
    CommandView,
    DatasetPage,
    DatasetView,
    GatewayPage,
    GatewayView,
    JobPage,
    JobQuery,
    JobView,
    MetricsView,
    ModelPage,
    ModelView,
    OrganizationPage,
    OrganizationView,
    PageQuery,
    PolicyEdit,
    PolicyPage,
    PolicyView,
    Preview,
    ProposalPage,
    ProposalView,
    SpecPage,
    SpecQuery,
    SpecView,
    TimelineView,
    UserPage,
    UserView,
    WhyView,
)
from fedpact.contracts.artifacts import artifact_id
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import Role
from fedpact.contracts.queries import AskPreview, AskWait, Wait
from fedpact.portal.app import views
from fedpact.portal.app.answers import read_answer
from fedpact.portal.app.artifacts import Artifacts
from fedpact.portal.app.feed import Journal
from fedpact.portal.app.index import Index
from fedpact.portal.app.orders import Orders
from fedpact.portal.app.ports import Line, ReadModel
from fedpact.portal.app.signs import Signs
from fedpact.portal.domain import load, sight
from fedpact.portal.domain.beneficiaries import strangers
from fedpact.portal.domain.errors import DeniedError, ForbiddenError, NotVisibleError
from fedpact.portal.domain.load import Share
from fedpact.portal.domain.model import Entry, JobState

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Everything that can be read."""

    model: ReadModel
    index: Index
    journal: Journal
    orders: Orders
    line: Line
    signs: Signs
    kept: Artifacts

    async def organizations(self, page: PageQuery) -> OrganizationPage:
        found = [views.organization_view(fact) for fact in await self.model.organizations.every()]
        items = views.cut(found, page, lambda view: view.organization)
        return OrganizationPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def organization(self, key: str) -> OrganizationView:
        return views.organization_view(_there(await self.model.organizations.find(key), "organization", key))

    async def users(self, viewer: Actor, page: PageQuery) -> UserPage:
        known = await self.model.users.every()
        found = [views.user_view(user) for user in known if sight.may_see_user(viewer, user)]
        items = views.cut(found, page, lambda view: view.user)
        return UserPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def addresses(self, viewer: Actor) -> Mapping[str, str]:
        """E-mail address -> user, for an owner who names beneficiaries in other organizations."""
        if not viewer.has(Role.OWNER):
            raise ForbiddenError("only an owner writes policies: ask the owner of your organization")
        return {user.email.lower(): user.user for user in await self.model.users.every() if user.email}

    async def user(self, viewer: Actor, key: str) -> UserView:
        user = _there(await self.model.users.find(key), "user", key)
        if not sight.may_see_user(viewer, user):
            raise NotVisibleError("user", key)
        return views.user_view(user)

    async def gateways(self, viewer: Actor, page: PageQuery) -> GatewayPage:
        known = await self.model.gateways.every()
        found = _some(views.gateway_view(state) for state in known if sight.may_see_gateway(viewer, state))
        items = views.cut(found, page, lambda view: view.gateway)
        return GatewayPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def gateway(self, viewer: Actor, key: str) -> GatewayView:
        state = _there(await self.model.gateways.find(key), "gateway", key)
        if not sight.may_see_gateway(viewer, state):
            raise NotVisibleError("gateway", key)
        return _there(views.gateway_view(state), "gateway", key)

    async def shares(self, viewer: Actor, key: str) -> Sequence[Share]:
        """What specs hold at a gateway that the viewer may see."""
        await self.gateway(viewer, key)
        await self.index.settle()
        rows = [row for row in self.index.specs if row.category in {"active", "updating"}]
        states = [await self.model.specs.find(row.spec_id) for row in rows]
        return sorted(load.shares(_some(states), key), key=lambda share: share.spec_id)

    async def datasets(self, page: PageQuery) -> DatasetPage:
        found = _some(state.registered for state in await self.model.datasets.every())
        items = tuple(views.dataset_view(fact) for fact in views.cut(found, page, lambda fact: fact.dataset))
        return DatasetPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def dataset(self, key: str) -> DatasetView:
        state = await self.model.datasets.find(key)
        if state is None or state.registered is None:
            known = [fact.dataset for fact in _some(state.registered for state in await self.model.datasets.every())]
            raise NotVisibleError("dataset", key, known)
        return views.dataset_view(state.registered)

    async def proposals(self, viewer: Actor, page: PageQuery) -> ProposalPage:
        """Newest first."""
        known = await self.model.proposals.every()
        found = _some(views.proposal_view(state) for state in known if sight.may_see_proposal(viewer, state))
        newest = sorted(found, key=lambda view: (view.made_at, view.proposal), reverse=True)
        begin = page.page * page.page_size
        items = tuple(newest[begin : begin + page.page_size])
        return ProposalPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def proposal(self, viewer: Actor, key: str) -> ProposalView:
        state = _there(await self.model.proposals.find(key), "proposal", key)
        if not sight.may_see_proposal(viewer, state):
            raise NotVisibleError("proposal", key)
        return _there(views.proposal_view(state), "proposal", key)

    async def models(self, page: PageQuery) -> ModelPage:
        found = [views.model_view(fact) for fact in await self.model.models.every()]
        items = views.cut(found, page, lambda view: view.model)
        return ModelPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def registered_model(self, key: str) -> ModelView:
        found = await self.model.models.find(key)
        if found is None:
            raise NotVisibleError("model", key, [fact.model for fact in await self.model.models.every()])
        return views.model_view(found)

    async def policies(self, viewer: Actor, page: PageQuery) -> PolicyPage:
        found = [
            views.policy_view(viewer, state.published, state)
            for state in await self.model.policies.every()
            if state.published is not None and sight.may_see_policy(viewer, state.published)
        ]
        items = views.cut(found, page, lambda view: view.policy)
        return PolicyPage(items=items, total=len(found), page=page.page, page_size=page.page_size)

    async def policy(self, viewer: Actor, key: str) -> PolicyView:
        state = _there(await self.model.policies.find(key), "policy", key)
        published = _there(state.published, "policy", key)
        if not sight.may_see_policy(viewer, published):
            raise NotVisibleError("policy", key)
        view = views.policy_view(viewer, published, state)
        if view.beneficiaries is None:
            return view
        users, organizations = await self.model.users.every(), await self.model.organizations.every()
        return view.model_copy(update={"hints": tuple(strangers(view.beneficiaries, users, organizations))})

    async def preview(self, viewer: Actor, edit: PolicyEdit) -> Preview:
        """What the edit would do, as the policy service says it."""
        if not viewer.has(Role.OWNER):
            raise ForbiddenError("only an owner writes policies: ask the owner of your organization")
        question = AskPreview(actor=viewer, edit=edit).model_dump_json()
        return read_answer(Preview, await self.line.ask("policy", "preview", question), "policy")

    async def specs(self, viewer: Actor, query: SpecQuery) -> SpecPage:
        found = await self.index.find_specs(viewer, query)
        items = tuple(views.spec_summary(row) for row in found.rows)
        return SpecPage(items=items, total=found.total, page=query.page, page_size=query.page_size)

    async def spec(self, viewer: Actor, key: str) -> SpecView:
        state = _there(await self.model.specs.find(key), "spec", key)
        row = sight.spec_row(state)
        if row is None or state.created is None or not sight.may_see_spec(viewer, row):
            raise NotVisibleError("spec", key)
        return views.spec_view(viewer, state.created, state)

    async def why(self, viewer: Actor, key: str) -> WhyView:
        spec = await self.spec(viewer, key)
        sites = {site.gateway for site in spec.sites} | {part.gateway for part in spec.participants.values()}
        return views.why_view(spec, await self._wait(key), self.signs.silent(sites))

    async def timeline(self, viewer: Actor, key: str) -> TimelineView:
        await self.spec(viewer, key)
        lines = [entry for entry in await self.journal.of_spec(key) if self.may_hear(viewer, entry)]
        return TimelineView(entries=tuple(views.timeline_entry(entry) for entry in lines))

    def may_hear(self, viewer: Actor, entry: Entry) -> bool:
        """Whether a line of the journal is for `viewer`; one without words is for nobody."""
        if not entry.text:
            return False
        if entry.spec_id is None or entry.job_id is not None:
            return sight.may_hear(viewer, entry.audience)
        row = self.index.specs.get(entry.spec_id)
        return row is not None and sight.may_see_spec(viewer, row)

    async def jobs(self, viewer: Actor, query: JobQuery) -> JobPage:
        found = await self.index.find_jobs(viewer, query)
        items = tuple(views.job_summary(row) for row in found.rows)
        return JobPage(items=items, total=found.total, page=query.page, page_size=query.page_size)

    async def job(self, viewer: Actor, key: str) -> JobView:
        row, state = await self._job(viewer, key)
        return views.job_view(row, state, await self.kept.views_of(viewer, key, state))

    async def metrics(self, viewer: Actor, key: str) -> MetricsView:
        await self._job(viewer, key)
        state = await self.model.metrics.find(key)
        return MetricsView(job_id=key, points=state.points if state else ())

    async def artifacts(self, viewer: Actor, key: str) -> ArtifactsView:
        _, state = await self._job(viewer, key)
        return await self.kept.of_job(viewer, key, state)

    async def artifact_named(self, viewer: Actor, key: str, name: str) -> str:
        """The id of the artifact that is a job's file of that name."""
        _, state = await self._job(viewer, key)
        file = _there(next((file for file in state.files if file.name == name), None), "artifact", name)
        return artifact_id(key, file.name)

    async def command(self, viewer: Actor, key: str) -> CommandView:
        sent, settled = _there(await self.orders.find(viewer.user, key), "command", key)
        return views.command_view(sent, settled)

    async def _job(self, viewer: Actor, key: str) -> tuple[sight.JobRow, JobState]:
        state = _there(await self.model.jobs.find(key), "job", key)
        row = _there(sight.job_row(state), "job", key)
        if not sight.may_see_job(viewer, row.creator):
            raise NotVisibleError("job", key)
        return row, state

    async def _wait(self, spec_id: str) -> Wait | None:
        try:
            answer = await self.line.ask("scheduling", "why", AskWait(spec_id=spec_id).model_dump_json())
            return read_answer(Wait, answer, "scheduling")
        except (DeniedError, UnavailableError):
            return None


def _there(found: T | None, kind: str, key: str) -> T:
    if found is None:
        raise NotVisibleError(kind, key)
    return found


def _some(found: Iterable[T | None]) -> list[T]:
    return [item for item in found if item is not None]
