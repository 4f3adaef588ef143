"""
The HTTP API as data. The aiohttp routes and the OpenAPI document are both made from this table.

`roles` are those the edge lets through early (`owner` and `admin` always pass); the context that owns the command
decides, so an empty tuple means that it alone does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPMethod
from typing import Literal

from fedpact.contracts import api
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import VersionRecord

Tag = Literal["hub", "identity", "registry", "policies", "specs", "jobs", "events"]
GET, POST, PATCH, DELETE = HTTPMethod.GET, HTTPMethod.POST, HTTPMethod.PATCH, HTTPMethod.DELETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `handler` is a method of `Reads`, `Writes` or `Streams` and the operation's id."""

    method: HTTPMethod
    path: str
    summary: str
    handler: str
    tag: Tag
    status: int = 200
    answer: type[Model] | None = None
    body: type[Strict] | None = None
    query: type[Strict] | None = None
    media: str = "application/json"
    roles: tuple[Role, ...] = ()
    public: bool = False

    @property
    def pattern(self) -> str:
        """The path as the router takes it. A result file's name may hold slashes."""
        return self.path.replace("{name}", "{name:.+}")

    @property
    def write(self) -> bool:
        """Whether it becomes a command."""
        return self.method is not GET

    @property
    def problems(self) -> tuple[int, ...]:
        """Statuses it may refuse with."""
        if self.public:
            return ()
        found = {401, 403, 503}
        if self.path.count("{"):
            found.add(404)
        if self.query or self.body:
            found.add(422)
        if self.write:
            found |= {404, 408, 409, 413, 422}
        return tuple(sorted(found))


def _get(path: str, handler: str, answer: type[Model] | None, tag: Tag, summary: str) -> Route:
    return Route(method=GET, path=path, handler=handler, answer=answer, tag=tag, summary=summary, query=api.ReadQuery)


def _list(path: str, handler: str, answer: type[Model], tag: Tag, summary: str) -> Route:
    return Route(method=GET, path=path, handler=handler, answer=answer, tag=tag, summary=summary, query=api.PageQuery)


HUB = (
    Route(
        method=GET,
        path="/v1/config",
        handler="config",
        answer=api.ConfigView,
        tag="hub",
        summary="What a client needs before it can log in",
        public=True,
    ),
    Route(
        method=GET,
        path="/v1/openapi.json",
        handler="openapi",
        tag="hub",
        summary="This document",
        public=True,
    ),
    Route(
        method=GET, path="/v1/status", handler="status", answer=api.StatusView, tag="hub", summary="How the hub does"
    ),
    Route(method=GET, path="/v1/me", handler="me", answer=api.MeView, tag="hub", summary="Who the token vouches for"),
    Route(
        method=GET,
        path="/v1/commands/{command}",
        handler="command",
        answer=api.CommandView,
        tag="hub",
        summary="What became of a command one sent",
    ),
)
IDENTITY = (
    _list("/v1/organizations", "organizations", api.OrganizationPage, "identity", "Organizations of the federation"),
    _get("/v1/organizations/{organization}", "organization", api.OrganizationView, "identity", "One organization"),
    Route(
        method=POST,
        path="/v1/organizations",
        handler="register_organization",
        body=api.NewOrganization,
        answer=api.OrganizationView,
        status=201,
        tag="identity",
        roles=(Role.ADMIN,),
        summary="Add an organization to the federation",
    ),
    _list("/v1/users", "users", api.UserPage, "identity", "Users one may see: oneself; as owner, one's organization"),
    _get("/v1/users/{user}", "user", api.UserView, "identity", "One user"),
    Route(
        method=POST,
        path="/v1/users",
        handler="register_user",
        body=api.NewUser,
        answer=api.UserView,
        status=201,
        tag="identity",
        roles=(Role.OWNER,),
        summary="Add somebody to an organization",
    ),
    Route(
        method=PATCH,
        path="/v1/users/{user}",
        handler="change_user",
        body=api.UserChange,
        answer=api.UserView,
        tag="identity",
        roles=(Role.OWNER,),
        summary="Change roles, groups or standing of somebody",
    ),
)
REGISTRY = (
    _list("/v1/gateways", "gateways", api.GatewayPage, "registry", "Gateways of one's organization"),
    _get("/v1/gateways/{gateway}", "gateway", api.GatewayView, "registry", "One gateway"),
    Route(
        method=POST,
        path="/v1/gateways",
        handler="register_gateway",
        body=api.NewGateway,
        answer=api.GatewayView,
        status=201,
        tag="registry",
        roles=(Role.ADMIN,),
        summary="Make a site known",
    ),
    _list("/v1/datasets", "datasets", api.DatasetPage, "registry", "Datasets of all custodians"),
    _get("/v1/datasets/{dataset}", "dataset", api.DatasetView, "registry", "One dataset"),
    _list("/v1/models", "models", api.ModelPage, "registry", "Models with their versions"),
    _get("/v1/models/{model}", "registered_model", api.ModelView, "registry", "One model"),
    Route(
        method=POST,
        path="/v1/models",
        handler="register_model",
        body=api.NewModel,
        answer=api.ModelView,
        status=201,
        tag="registry",
        roles=(Role.MODEL_MANAGER,),
        summary="Make a model known",
    ),
    Route(
        method=POST,
        path="/v1/models/{model}/versions",
        handler="add_model_version",
        body=VersionRecord,
        answer=api.ModelView,
        status=201,
        tag="registry",
        roles=(Role.MODEL_MANAGER,),
        summary="Add a version to a model",
    ),
)
POLICIES = (
    _list("/v1/policies", "policies", api.PolicyPage, "policies", "Policies one wrote or benefits from"),
    _get("/v1/policies/{policy}", "policy", api.PolicyView, "policies", "One policy"),
    Route(
        method=POST,
        path="/v1/policies",
        handler="publish_policy",
        body=api.NewPolicy,
        answer=api.PolicyView,
        status=201,
        tag="policies",
        roles=(Role.OWNER,),
        summary="Put a policy, or a new revision of it, in force",
    ),
    Route(
        method=DELETE,
        path="/v1/policies/{policy}",
        handler="withdraw_policy",
        answer=api.PolicyView,
        tag="policies",
        roles=(Role.OWNER,),
        summary="End a policy; what runs on it alone stops",
    ),
)
SPECS = (
    Route(
        method=GET,
        path="/v1/specs",
        handler="specs",
        query=api.SpecQuery,
        answer=api.SpecPage,
        tag="specs",
        summary="Specs of one's organization and on its datasets, newest first",
    ),
    _get("/v1/specs/{spec}", "spec", api.SpecView, "specs", "One spec"),
    _get("/v1/specs/{spec}/why", "why", api.WhyView, "specs", "Why the spec is where it is"),
    _get("/v1/specs/{spec}/timeline", "timeline", api.TimelineView, "specs", "What happened to the spec, with times"),
    Route(
        method=POST,
        path="/v1/specs",
        handler="create_spec",
        body=api.NewSpec,
        answer=api.SpecView,
        status=201,
        tag="specs",
        roles=(Role.DATA_SCIENTIST,),
        summary="Propose a pact",
    ),
    Route(
        method=POST,
        path="/v1/specs/{spec}/clone",
        handler="clone_spec",
        body=api.CloneRequest,
        answer=api.SpecView,
        status=201,
        tag="specs",
        roles=(Role.DATA_SCIENTIST,),
        summary="The same content under a new id, to run in parallel",
    ),
    Route(
        method=POST,
        path="/v1/specs/{spec}/activate",
        handler="activate_spec",
        body=api.GenerationGuard,
        answer=api.SpecView,
        tag="specs",
        summary="Provision the server and the clients",
    ),
    Route(
        method=POST,
        path="/v1/specs/{spec}/deactivate",
        handler="deactivate_spec",
        body=api.GenerationGuard,
        answer=api.SpecView,
        tag="specs",
        summary="Stop the activation and free what it holds",
    ),
)
JOBS = (
    Route(
        method=GET,
        path="/v1/jobs",
        handler="jobs",
        query=api.JobQuery,
        answer=api.JobPage,
        tag="jobs",
        summary="Jobs one submitted; as owner, those of one's organization; newest first",
    ),
    _get("/v1/jobs/{job}", "job", api.JobView, "jobs", "One job"),
    Route(
        method=POST,
        path="/v1/jobs",
        handler="submit_job",
        body=api.NewJob,
        answer=api.JobView,
        status=201,
        tag="jobs",
        roles=(Role.DATA_SCIENTIST,),
        summary="Run a payload in a spec's activation",
    ),
    Route(
        method=POST,
        path="/v1/jobs/{job}/cancel",
        handler="cancel_job",
        answer=api.JobView,
        tag="jobs",
        summary="Stop a job",
    ),
    _get("/v1/jobs/{job}/metrics", "metrics", api.MetricsView, "jobs", "Metrics per round, while it runs and after"),
    _get("/v1/jobs/{job}/artifacts", "artifacts", api.ArtifactsView, "jobs", "What the job left"),
    Route(
        method=GET,
        path="/v1/jobs/{job}/artifacts/{name}",
        handler="artifact",
        media="application/octet-stream",
        tag="jobs",
        summary="One result file",
    ),
)
EVENTS = (
    Route(
        method=GET,
        path="/v1/events",
        handler="events",
        query=api.EventQuery,
        answer=api.TimelineEntry,
        media="text/event-stream",
        tag="events",
        summary="What happens, as it happens; `Last-Event-ID` goes on where one stopped",
    ),
)
ROUTES: Sequence[Route] = (*HUB, *IDENTITY, *REGISTRY, *POLICIES, *SPECS, *JOBS, *EVENTS)
