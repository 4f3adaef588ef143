"""Reads: a call becomes one question to the queries."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fedpact.contracts import api
from fedpact.portal.app.queries import Queries
from fedpact.portal.entrypoints.calls import Call

Check = Callable[[], Awaitable[str | None]]
"""What is wrong, or `None`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Handlers of what only asks, by operation."""

    queries: Queries
    checks: Mapping[str, Check] = field(default_factory=dict)

    async def status(self, _: Call) -> api.StatusView:
        found = {name: await check() or "ok" for name, check in self.checks.items()}
        return api.StatusView(ready=all(text == "ok" for text in found.values()), checks=found)

    async def me(self, call: Call) -> api.MeView:
        return api.MeView.model_validate(call.viewer.model_dump())

    async def command(self, call: Call) -> api.CommandView:
        return await self.queries.command(call.viewer, call.path("command"))

    async def organizations(self, call: Call) -> api.OrganizationPage:
        return await self.queries.organizations(call.asked(api.PageQuery))

    async def organization(self, call: Call) -> api.OrganizationView:
        return await self.queries.organization(call.path("organization"))

    async def users(self, call: Call) -> api.UserPage:
        return await self.queries.users(call.viewer, call.asked(api.PageQuery))

    async def user(self, call: Call) -> api.UserView:
        return await self.queries.user(call.viewer, call.path("user"))

    async def gateways(self, call: Call) -> api.GatewayPage:
        return await self.queries.gateways(call.viewer, call.asked(api.PageQuery))

    async def gateway(self, call: Call) -> api.GatewayView:
        return await self.queries.gateway(call.viewer, call.path("gateway"))

    async def datasets(self, call: Call) -> api.DatasetPage:
        return await self.queries.datasets(call.asked(api.PageQuery))

    async def dataset(self, call: Call) -> api.DatasetView:
        return await self.queries.dataset(call.path("dataset"))

    async def proposals(self, call: Call) -> api.ProposalPage:
        return await self.queries.proposals(call.viewer, call.asked(api.PageQuery))

    async def proposal(self, call: Call) -> api.ProposalView:
        return await self.queries.proposal(call.viewer, call.path("proposal"))

    async def models(self, call: Call) -> api.ModelPage:
        return await self.queries.models(call.asked(api.PageQuery))

    async def registered_model(self, call: Call) -> api.ModelView:
        return await self.queries.registered_model(call.path("model"))

    async def policies(self, call: Call) -> api.PolicyPage:
        return await self.queries.policies(call.viewer, call.asked(api.PageQuery))

    async def policy(self, call: Call) -> api.PolicyView:
        return await self.queries.policy(call.viewer, call.path("policy"))

    async def preview_policy(self, call: Call) -> api.Preview:
        return await self.queries.preview(call.viewer, call.sent(api.PolicyEdit))

    async def specs(self, call: Call) -> api.SpecPage:
        return await self.queries.specs(call.viewer, call.asked(api.SpecQuery))

    async def spec(self, call: Call) -> api.SpecView:
        return await self.queries.spec(call.viewer, call.path("spec"))

    async def why(self, call: Call) -> api.WhyView:
        return await self.queries.why(call.viewer, call.path("spec"))

    async def timeline(self, call: Call) -> api.TimelineView:
        return await self.queries.timeline(call.viewer, call.path("spec"))

    async def jobs(self, call: Call) -> api.JobPage:
        return await self.queries.jobs(call.viewer, call.asked(api.JobQuery))

    async def job(self, call: Call) -> api.JobView:
        return await self.queries.job(call.viewer, call.path("job"))

    async def metrics(self, call: Call) -> api.MetricsView:
        return await self.queries.metrics(call.viewer, call.path("job"))

    async def list_artifacts(self, call: Call) -> api.ArtifactPage:
        return await self.queries.kept.list(call.viewer, call.asked(api.ArtifactQuery))

    async def get_artifact(self, call: Call) -> api.ArtifactView:
        return await self.queries.kept.get(call.viewer, call.path("artifact"))

    async def artifacts(self, call: Call) -> api.ArtifactsView:
        return await self.queries.artifacts(call.viewer, call.path("job"))
