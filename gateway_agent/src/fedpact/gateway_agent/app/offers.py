"""
Datasets of this gateway. The mapping to a path is the DAL's and stays there; the hub hears id, description and shape.

A steward registers them here, at the custodian's own machine, or proposes them through the hub (see `proposals`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.dal import MappedDataset
from fedpact.contracts.registry import DatasetShape
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack
from fedpact.gateway_agent.app.doors import DataDoor
from fedpact.gateway_agent.app.kinds import Offer
from fedpact.gateway_agent.domain.errors import DatasetNameError, UnknownDatasetError

_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    gateway: str
    organization: str
    offers: Aggregates[Offer]
    data: DataDoor
    clock: Clock

    def id_of(self, name: str) -> str:
        """The id of the dataset that this gateway calls `name`."""
        if not _NAME.fullmatch(name):
            raise DatasetNameError(f"`{name}` is no name: use 1 to 40 of a-z, 0-9 and `-`", path="name")
        return f"{name}_{self.gateway}_{self.organization}"

    async def register(
        self, name: str, path: str, description: str, derived_from: tuple[str, ...] = ()
    ) -> MappedDataset:
        """Serve what lies at `path`, and offer it; as made of other datasets, if it is."""
        dataset = self.id_of(name)
        mapped = await self.data.map(dataset, path)
        offered = DatasetOffered(
            gateway=self.gateway,
            dataset=dataset,
            name=name,
            description=description,
            shape=mapped.shape or DatasetShape(),
            derived_from=derived_from,
        )
        await self.offers.change(dataset, lambda _: [offered], Cause(now=self.clock.now()))
        return mapped

    async def place(self, dataset: str) -> str | None:
        """Where an offered dataset lies; `None` when it is not offered."""
        if dataset not in {one.dataset for one in await self.every()}:
            return None
        return next((one.path for one in await self.data.datasets() if one.dataset == dataset), "")

    async def withdraw(self, name: str) -> None:
        """Take it back first, then serve it no longer."""
        dataset = self.id_of(name)
        offered = await self.every()
        served = {one.dataset for one in await self.data.datasets()}
        if dataset not in served and dataset not in {one.dataset for one in offered}:
            told = ", ".join(f"`{one.name}`" for one in offered) or "none"
            raise UnknownDatasetError(f"this gateway offers no `{name}`: it is one of {told}", path="name")
        back = DatasetTakenBack(gateway=self.gateway, dataset=dataset)
        await self.offers.change(
            dataset, lambda now: [back] if now and now.offered else [], Cause(now=self.clock.now())
        )
        await self.data.unmap(dataset)

    async def every(self) -> Sequence[DatasetOffered]:
        """What is offered now."""
        return [one.offered for one in await self.offers.every() if one.offered]

    async def repeat(self) -> None:
        """Offer everything again, for a hub that may have lost it."""
        for offered in await self.every():
            cause = Cause(now=self.clock.now())
            await self.offers.change(offered.dataset, lambda now: [now.offered] if now and now.offered else [], cause)
