"""Operations on asset policies."""

from fedpact.contracts import api
from fedpact.contracts.identity import Role
from fedpact.portal.entrypoints.routes.route import DELETE, POST, Route, get, listed

POLICIES = (
    listed("/v1/policies", "policies", api.PolicyPage, "policies", "Policies one wrote or benefits from"),
    get("/v1/policies/{policy}", "policy", api.PolicyView, "policies", "One policy"),
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
        method=POST,
        path="/v1/policies/preview",
        handler="preview_policy",
        body=api.PolicyEdit,
        answer=api.Preview,
        tag="policies",
        roles=(Role.OWNER,),
        asks=True,
        summary="What an edit would allow, and which live specs it would decide otherwise; nothing is changed",
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
