"""Proposals: load what a decision needs, decide, save."""

from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Order
from fedpact.contracts.registry import ProposeDataset
from fedpact.contracts.workloads import ProposalAnswered
from fedpact.registry.domain import proposals
from fedpact.registry.domain.model import Dataset, Gateway, Proposal
from fedpact.registry.domain.proposals import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    proposals: Aggregates[Proposal]
    gateways: Aggregates[Gateway]
    datasets: Aggregates[Dataset]

    async def propose(self, order: Order[ProposeDataset], cause: Cause) -> None:
        """Carry a proposal to its gateway."""
        wanted = order.command
        dataset = proposals.dataset_id(wanted.name, wanted.gateway, order.actor.organization)
        place = Place(gateway=await self.gateways.find(wanted.gateway), dataset=await self.datasets.find(dataset))
        await self.proposals.change(order.command.key, lambda known: proposals.propose(known, order, place), cause)

    async def answered(self, fact: ProposalAnswered, cause: Cause) -> None:
        """A gateway has looked at one."""
        await self.proposals.change(fact.key, lambda known: proposals.answer(known, fact), cause)

    async def tick(self, key: str, cause: Cause) -> None:
        """Time has passed."""
        await self.proposals.change(key, lambda known: proposals.lapse(known, cause.now), cause)
