"""
The HTTP API in values: what the portal is sent and what it answers.

Requests are strict: a member nobody knows is a mistake worth telling. Answers may grow. The route table in the portal
and these models make the OpenAPI document, so neither can say what the other does not.
"""

from fedpact.contracts.api.artifacts import ArtifactPage, ArtifactQuery, ArtifactView, DeletionView
from fedpact.contracts.api.common import (
    CreatorView,
    Generation,
    MemberProblem,
    Name,
    Page,
    PageQuery,
    Problem,
    ReadQuery,
)
from fedpact.contracts.api.events import EventQuery, TimelineEntry, TimelineView
from fedpact.contracts.api.hub import CommandView, ConfigView, MeView, StatusView
from fedpact.contracts.api.jobs import (
    ArtifactsView,
    JobPage,
    JobQuery,
    JobSummary,
    JobView,
    MetricPoint,
    MetricsView,
    NewJob,
)
from fedpact.contracts.api.people import (
    NewOrganization,
    NewUser,
    OrganizationPage,
    OrganizationView,
    UserChange,
    UserPage,
    UserView,
)
from fedpact.contracts.api.policies import NewPolicy, PolicyEdit, PolicyPage, PolicyView, Preview
from fedpact.contracts.api.registry import (
    DatasetPage,
    DatasetView,
    GatewayPage,
    GatewayView,
    ModelPage,
    ModelView,
    NewGateway,
    NewModel,
    NewProposal,
    ProposalPage,
    ProposalView,
)
from fedpact.contracts.api.specs import (
    CloneRequest,
    GenerationGuard,
    NewSpec,
    SpecPage,
    SpecQuery,
    SpecSummary,
    SpecView,
    WhyView,
)

__all__ = [
    "ArtifactPage",
    "ArtifactQuery",
    "ArtifactView",
    "ArtifactsView",
    "CloneRequest",
    "CommandView",
    "ConfigView",
    "CreatorView",
    "DatasetPage",
    "DatasetView",
    "DeletionView",
    "EventQuery",
    "GatewayPage",
    "GatewayView",
    "Generation",
    "GenerationGuard",
    "JobPage",
    "JobQuery",
    "JobSummary",
    "JobView",
    "MeView",
    "MemberProblem",
    "MetricPoint",
    "MetricsView",
    "ModelPage",
    "ModelView",
    "Name",
    "NewGateway",
    "NewJob",
    "NewModel",
    "NewOrganization",
    "NewPolicy",
    "NewProposal",
    "NewSpec",
    "NewUser",
    "OrganizationPage",
    "OrganizationView",
    "Page",
    "PageQuery",
    "PolicyEdit",
    "PolicyPage",
    "PolicyView",
    "Preview",
    "Problem",
    "ProposalPage",
    "ProposalView",
    "ReadQuery",
    "SpecPage",
    "SpecQuery",
    "SpecSummary",
    "SpecView",
    "StatusView",
    "TimelineEntry",
    "TimelineView",
    "UserChange",
    "UserPage",
    "UserView",
    "WhyView",
]
