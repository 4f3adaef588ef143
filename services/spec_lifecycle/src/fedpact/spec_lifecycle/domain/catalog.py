"""What is registered, as a value: all a decision about a new spec needs to know of the registry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fedpact.contracts.pact import PinnedModel, Site, SpecContent
from fedpact.contracts.registry import DatasetRegistered, ModelChanged
from fedpact.decision.lineage import lineage
from fedpact.spec_lifecycle.domain.errors import SameGatewayError, UnknownDatasetError, UnknownModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The datasets and the model that a pact names, as far as they are registered."""

    datasets: Mapping[str, DatasetRegistered] = field(default_factory=dict)
    """With those that derived ones are made of."""
    model: ModelChanged | None = None
    others: tuple[str, ...] = ()
    """What is registered besides, where something that a pact names is not."""

    def sites(self, content: SpecContent) -> tuple[Site, ...]:
        """One site per dataset, each on a gateway of its own."""
        sites: dict[str, Site] = {}
        for index, dataset in enumerate(content.datasets):
            found = self.datasets.get(dataset)
            if found is None:
                raise UnknownDatasetError(dataset, index, self.others)
            if found.gateway in sites:
                raise SameGatewayError(found.gateway, index)
            sites[found.gateway] = Site(gateway=found.gateway, organization=found.organization, datasets=(dataset,))
        return tuple(sites.values())

    def roots(self, content: SpecContent) -> dict[str, tuple[str, ...]]:
        """What the derived datasets hold data of."""
        return lineage(content.datasets, {key: found.derived_from for key, found in self.datasets.items()})

    def pinned(self, content: SpecContent) -> PinnedModel:
        """The model version, by digest."""
        versions = self.model.versions if self.model and self.model.model == content.model.id else ()
        for record in versions:
            if record.version == content.model.version:
                return PinnedModel(
                    id=content.model.id,
                    version=record.version,
                    digest=record.digest,
                    engine=record.engine,
                    components=record.components,
                )
        raise UnknownModelError(content.model.id, content.model.version, [r.version for r in versions], self.others)
