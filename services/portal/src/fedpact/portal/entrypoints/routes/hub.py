"""Operations on the hub itself."""

from fedpact.contracts import api
from fedpact.portal.entrypoints.routes.route import GET, Route

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
