"""Gateways, datasets and models in the HTTP API."""

from typing import Annotated, Literal

from pydantic import Field

from fedpact.contracts.api.common import Name, Page
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import DatasetId, Id
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import DatasetShape, VersionRecord


class NewGateway(Strict):
    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"


class NewModel(Strict):
    model: Id
    name: Name
    description: Annotated[str, Field(max_length=5000)] = ""


class GatewayView(Model):
    """`announced` is false until the site has spoken; totals are what it allots to Fedpact, never what is free."""

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"]
    announced: bool = False
    totals: Resources | None = None
    version: str = ""
    capabilities: tuple[str, ...] = ()
    limits_enforced: tuple[str, ...] = ()


class DatasetView(Model):
    """A dataset as the hub knows it. Where it lies only its gateway knows."""

    dataset: DatasetId
    name: str
    description: str
    gateway: Id
    organization: Id
    shape: DatasetShape
    derived_from: tuple[DatasetId, ...] = ()


class ModelView(Model):
    model: Id
    name: str
    description: str = ""
    publisher: Id
    versions: tuple[VersionRecord, ...] = ()


GatewayPage = Page[GatewayView]


DatasetPage = Page[DatasetView]


ModelPage = Page[ModelView]
