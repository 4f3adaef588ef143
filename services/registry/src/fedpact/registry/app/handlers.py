"""Commands and observations: load, decide, save; then believe what can be believed."""

from dataclasses import dataclass
from functools import partial

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Order
from fedpact.contracts.registry import AddModelVersion, RegisterGateway, RegisterModel
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke
from fedpact.registry.app.belief import Belief, ignored
from fedpact.registry.app.ports import Organizations
from fedpact.registry.domain import gateways, models, sites
from fedpact.registry.domain.errors import NotBelievedError
from fedpact.registry.domain.model import Gateway, Model, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    gateways: Aggregates[Gateway]
    sites: Aggregates[Site]
    models: Aggregates[Model]
    belief: Belief
    organizations: Organizations

    async def register_gateway(self, order: Order[RegisterGateway], cause: Cause) -> None:
        """Make a gateway known, and believe what it said before."""
        key, there = order.command.key, await self.organizations.known(order.command.organization)
        decide = partial(gateways.register, order=order, organization_known=there)
        await self.gateways.change(key, decide, cause)
        await self.belief.everything(key, Cause(now=cause.now))

    async def register_model(self, order: Order[RegisterModel], cause: Cause) -> None:
        """Make a model known."""
        await self.models.change(order.command.key, lambda known: models.register(known, order), cause)

    async def add_model_version(self, order: Order[AddModelVersion], cause: Cause) -> None:
        """Add a version to a model."""
        await self.models.change(order.command.key, lambda known: models.add_version(known, order), cause)

    async def gateway_spoke(self, fact: GatewaySpoke, cause: Cause) -> None:
        """A site says what it allots."""
        await self.sites.change(fact.gateway, lambda site: sites.hear(site, fact), cause)
        await self.belief.announcement(fact.gateway, cause)

    async def dataset_spoken_of(self, fact: DatasetOffered | DatasetTakenBack, cause: Cause) -> None:
        """A site offers a dataset or takes it back."""
        try:
            await self.sites.change(fact.gateway, lambda site: sites.hear(site, fact), cause)
        except NotBelievedError as error:
            ignored(fact.type, fact.key, error)
        else:
            await self.belief.dataset(fact.gateway, fact.dataset, cause)
