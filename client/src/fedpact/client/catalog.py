"""What the registry knows: gateways, datasets and models."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fedpact.client import operations
from fedpact.client.errors import NotFoundError
from fedpact.client.hub import Hub
from fedpact.client.packages import package_digest, read_card
from fedpact.contracts.api import (
    DatasetPage,
    DatasetView,
    GatewayPage,
    GatewayView,
    ModelPage,
    ModelView,
    NewGateway,
    NewModel,
    PageQuery,
)
from fedpact.contracts.registry import VersionRecord


@dataclass(frozen=True, slots=True)
class Gateways:
    """`fp.gateways`."""

    hub: Hub

    def list(self, query: PageQuery | None = None) -> GatewayPage:
        return self.hub.call(operations.gateways(query or PageQuery()))

    def get(self, gateway: str) -> GatewayView:
        return self.hub.call(operations.gateway(gateway))

    def register(
        self,
        gateway: str,
        organization: str,
        *,
        role: Literal["gateway", "orchestrator"] = "gateway",
        key: str | None = None,
    ) -> GatewayView:
        """Make a site known, and say which organization manages it."""
        new = NewGateway(gateway=gateway, organization=organization, role=role)
        return self.hub.call(operations.register_gateway(new, self.hub.key(key)))


@dataclass(frozen=True, slots=True)
class Datasets:
    """`fp.datasets`. They are registered where they lie: see `fedpact.client.custodian`."""

    hub: Hub

    def list(self, query: PageQuery | None = None) -> DatasetPage:
        return self.hub.call(operations.datasets(query or PageQuery()))

    def get(self, dataset: str) -> DatasetView:
        return self.hub.call(operations.dataset(dataset))


@dataclass(frozen=True, slots=True)
class Models:
    """`fp.models`."""

    hub: Hub

    def list(self, query: PageQuery | None = None) -> ModelPage:
        return self.hub.call(operations.models(query or PageQuery()))

    def get(self, model: str) -> ModelView:
        return self.hub.call(operations.model(model))

    def register(self, model: str, name: str, *, description: str = "", key: str | None = None) -> ModelView:
        """Make a model known; versions follow."""
        new = NewModel(model=model, name=name, description=description)
        return self.hub.call(operations.register_model(new, self.hub.key(key)))

    def add_version(self, model: str, record: VersionRecord, *, key: str | None = None) -> ModelView:
        """Add a version. The same one with the same digest again changes nothing."""
        return self.hub.call(operations.add_model_version(model, record, self.hub.key(key)))

    def push(self, folder: Path | str, *, commit: str = "") -> ModelView:
        """Make the model package in `folder` known by its card and digest; its code stays where it is."""
        card, digest = read_card(Path(folder)), package_digest(Path(folder))
        try:
            self.get(card.id)
        except NotFoundError:
            self.register(card.id, card.name, description=card.description)
        return self.add_version(card.id, card.record(digest, commit))
