"""Operations on compute specs."""

from fedpact.contracts import api
from fedpact.contracts.identity import Role
from fedpact.portal.entrypoints.routes.route import GET, POST, Route, get

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
    get("/v1/specs/{spec}", "spec", api.SpecView, "specs", "One spec"),
    get("/v1/specs/{spec}/why", "why", api.WhyView, "specs", "Why the spec is where it is"),
    get("/v1/specs/{spec}/timeline", "timeline", api.TimelineView, "specs", "What happened to the spec, with times"),
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
