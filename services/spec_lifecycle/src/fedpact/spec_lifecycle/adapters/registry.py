"""The registry as this service last heard it."""

from fedpact.chassis.copies import Copies
from fedpact.contracts.pact import SpecContent
from fedpact.contracts.registry import DatasetRegistered, ModelChanged
from fedpact.spec_lifecycle.domain.catalog import Catalog


class RegistryCopies:
    """Looks pacts up in copies of datasets and models."""

    def __init__(self, datasets: Copies[DatasetRegistered], models: Copies[ModelChanged]) -> None:
        self._datasets, self._models = datasets, models

    async def catalog(self, content: SpecContent) -> Catalog:
        found: dict[str, DatasetRegistered] = {}
        left = list(content.datasets)
        while left:
            dataset = await self._datasets.find(left.pop())
            if dataset is not None and dataset.dataset not in found:
                found[dataset.dataset] = dataset
                left += dataset.derived_from
        model = await self._models.find(content.model.id)
        lacking = model is None or not found.keys() >= set(content.datasets)
        return Catalog(datasets=found, model=model, others=await self._known() if lacking else ())

    async def _known(self) -> tuple[str, ...]:
        """The ids of everything that is registered."""
        models, datasets = await self._models.every(), await self._datasets.every()
        return (*(fact.model for fact in models), *(fact.dataset for fact in datasets))
