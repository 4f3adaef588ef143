"""Operations on organizations and users."""

from fedpact.contracts import api
from fedpact.contracts.identity import Role
from fedpact.portal.entrypoints.routes.route import PATCH, POST, Route, get, listed

IDENTITY = (
    listed("/v1/organizations", "organizations", api.OrganizationPage, "identity", "Organizations of the federation"),
    get("/v1/organizations/{organization}", "organization", api.OrganizationView, "identity", "One organization"),
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
    listed("/v1/users", "users", api.UserPage, "identity", "Users one may see: oneself; as owner, one's organization"),
    get("/v1/users/{user}", "user", api.UserView, "identity", "One user"),
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
