"""Load, decide, save. No rule is here."""

from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.copies import Copies
from fedpact.chassis.rounds import Rounds
from fedpact.contracts.envelope import Fact, Order
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered
from fedpact.contracts.specs import Activate, CloneSpec, CreateSpec, Deactivate
from fedpact.contracts.workloads import InventoryTaken
from fedpact.spec_lifecycle.app.ports import Registry
from fedpact.spec_lifecycle.domain import requests
from fedpact.spec_lifecycle.domain.catalog import Catalog
from fedpact.spec_lifecycle.domain.decide import AboutOneSpec, Heard, Tick, heard, ordered
from fedpact.spec_lifecycle.domain.model import Limits, Spec


@dataclass(frozen=True, slots=True)
class Handlers:
    specs: Aggregates[Spec]
    registry: Registry
    datasets: Copies[DatasetRegistered]
    rounds: Rounds
    limits: Limits

    async def create(self, order: Order[CreateSpec], cause: Cause) -> None:
        catalog = await self.registry.catalog(order.command.content)
        await self.specs.change(order.command.key, lambda spec: requests.create(spec, order, catalog), cause)
        await self._look_again(order.command.key, cause)

    async def clone(self, order: Order[CloneSpec], cause: Cause) -> None:
        source = await self.specs.find(order.command.source)
        catalog = await self.registry.catalog(source.content) if source else Catalog()
        await self.specs.change(order.command.key, lambda s: requests.clone(s, order, source, catalog), cause)
        await self._look_again(order.command.key, cause)

    async def activate(self, order: Order[Activate], cause: Cause) -> None:
        await self.specs.change(order.command.key, lambda spec: ordered(spec, order, self.limits), cause)

    async def deactivate(self, order: Order[Deactivate], cause: Cause) -> None:
        await self.specs.change(order.command.key, lambda spec: ordered(spec, order, self.limits), cause)

    async def hear(self, fact: AboutOneSpec, cause: Cause) -> None:
        """News about the one spec that the fact names."""
        await self._tell(fact.spec_id, fact, cause)

    async def counted(self, fact: InventoryTaken, cause: Cause) -> None:
        """A site's inventory is news for every spec that has something fenced there."""
        for spec in await self.specs.where("fenced", fact.gateway):
            await self._tell(spec.id, fact, cause)

    async def unregistered(self, fact: DatasetUnregistered, cause: Cause) -> None:
        """The end of a dataset is news for every spec that names it, and first for those that run on it."""
        await self.datasets.end(fact, cause)
        concerned = sorted(await self.specs.where("dataset", fact.dataset), key=lambda spec: (not spec.lives, spec.id))
        await self.rounds.begin(fact.dataset, [spec.id for spec in concerned], self._tell_of_end, cause)

    async def go_on(self, dataset: str, cause: Cause) -> None:
        """Tell the next of the many specs that name a dataset of its end."""
        await self.rounds.go_on(dataset, self._tell_of_end, cause)

    async def tick(self, key: str, cause: Cause) -> None:
        await self._tell(key, Tick(), cause)

    async def _look_again(self, key: str, cause: Cause) -> None:
        """A dataset that ended between the look at the registry and the save was no news for the spec yet."""
        spec = await self.specs.get(key)
        registered = (await self.registry.catalog(spec.content)).datasets
        for dataset in spec.content.datasets:
            if dataset not in registered:
                await self._tell(key, DatasetUnregistered(dataset=dataset), Cause(now=cause.now))

    async def _tell_of_end(self, dataset: str, key: str, cause: Cause) -> None:
        await self._tell(key, DatasetUnregistered(dataset=dataset), cause)

    async def _tell(self, key: str, message: Heard, cause: Cause) -> Sequence[Fact]:
        return await self.specs.change(key, lambda spec: heard(spec, message, cause.now, self.limits), cause)
