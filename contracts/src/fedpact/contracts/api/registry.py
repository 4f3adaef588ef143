"""Gateways, datasets and models in the HTTP API."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from fedpact.contracts.access import Hash
from fedpact.contracts.api.common import Name, Page
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import DatasetId, Id
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import DatasetShape, Description, EntryName, VersionRecord


class NewGateway(Strict):
    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"


class NewModel(Strict):
    model: Id
    name: Name
    description: Annotated[str, Field(max_length=5000)] = ""


class NewProposal(Strict):
    """`entry` is a name in the gateway's inbox, a folder with `/` at its end. `proposal` is the sender's choice."""

    proposal: Id | None = None
    gateway: Id
    name: Id
    entry: EntryName
    description: Description = ""


class NewInvitation(Strict):
    """`token_hash` is SHA-256, in hex, of the token that the sender made and hands over: the hub never sees it."""

    token_hash: Hash
    hours: Annotated[int, Field(ge=1, le=168)] = 24


class GatewayAccess(Model):
    """How a gateway gets onto the bus. One that is enrolled may be invited again, on another machine."""

    status: Literal["invited", "enrolled", "revoked"]
    invited_until: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class GatewayView(Model):
    """
    `announced` is false until the site has spoken; totals are what it allots to Fedpact, never what is free.

    `access` is absent where the gateway's key comes from the hub's setup.
    """

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"]
    announced: bool = False
    totals: Resources | None = None
    version: str = ""
    capabilities: tuple[str, ...] = ()
    limits_enforced: tuple[str, ...] = ()
    access: GatewayAccess | None = None


class DatasetView(Model):
    """A dataset as the hub knows it. Where it lies only its gateway knows."""

    dataset: DatasetId
    name: str
    description: str
    gateway: Id
    organization: Id
    shape: DatasetShape
    derived_from: tuple[DatasetId, ...] = ()


class ProposalView(Model):
    """A dataset somebody of one's organization proposed. `entry` is told while the gateway has not answered."""

    proposal: Id
    gateway: Id
    organization: Id
    name: Id
    description: str = ""
    entry: str | None = None
    proposed_by: Id
    made_at: AwareDatetime
    status: Literal["proposed", "accepted", "refused"]
    dataset: DatasetId | None = None
    reason: str = ""


class ModelView(Model):
    model: Id
    name: str
    description: str = ""
    publisher: Id
    versions: tuple[VersionRecord, ...] = ()


GatewayPage = Page[GatewayView]


DatasetPage = Page[DatasetView]


ProposalPage = Page[ProposalView]


ModelPage = Page[ModelView]
