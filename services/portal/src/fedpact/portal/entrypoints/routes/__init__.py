"""
The HTTP API as data. The aiohttp routes and the OpenAPI document are both made from this table.

`roles` are those the edge lets through early (`owner` and `admin` always pass); the context that owns the command
decides, so an empty tuple means that it alone does.
"""

from collections.abc import Sequence

from fedpact.portal.entrypoints.routes.artifacts import ARTIFACTS
from fedpact.portal.entrypoints.routes.events import EVENTS
from fedpact.portal.entrypoints.routes.hub import HUB
from fedpact.portal.entrypoints.routes.identity import IDENTITY
from fedpact.portal.entrypoints.routes.jobs import JOBS
from fedpact.portal.entrypoints.routes.policies import POLICIES
from fedpact.portal.entrypoints.routes.registry import REGISTRY
from fedpact.portal.entrypoints.routes.route import Route
from fedpact.portal.entrypoints.routes.specs import SPECS

__all__ = ["ROUTES", "Route"]

ROUTES: Sequence[Route] = (*HUB, *IDENTITY, *REGISTRY, *POLICIES, *SPECS, *JOBS, *ARTIFACTS, *EVENTS)
