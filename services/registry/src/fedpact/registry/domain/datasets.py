"""
Datasets: what is registered follows what a known gateway offers.

The organization is that of the registered gateway, never what the site says, and the id has to agree with both.
"""

from collections.abc import Collection, Sequence

from fedpact.contracts.envelope import Fact
from fedpact.contracts.ids import dataset_organization
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered
from fedpact.contracts.workloads import DatasetOffered
from fedpact.registry.domain.errors import ForeignDatasetError, UnknownRootError
from fedpact.registry.domain.model import Dataset, Gateway


def settle(
    known: Dataset | None, offer: DatasetOffered | None, gateway: Gateway, missing: Collection[str]
) -> Sequence[Fact]:
    """The facts that bring the registry in line with what `gateway` offers; `missing` roots are not registered."""
    registered = known.registered if known else None
    if offer is None:
        return [DatasetUnregistered(dataset=registered.dataset)] if registered else []
    if dataset_organization(offer.dataset) != gateway.organization:
        raise ForeignDatasetError(
            f"`{offer.dataset}` names another organization than `{gateway.organization}`, which manages "
            f"`{gateway.id}`: rename it"
        )
    if missing:
        raise UnknownRootError(
            f"`{offer.dataset}` is derived from `{min(missing)}`, which is not registered: offer that first"
        )
    told = _registered(offer, gateway)
    return [] if told == registered else [told]


def evolve(_: Dataset | None, fact: Fact) -> Dataset:
    """The dataset after `fact`."""
    match fact:
        case DatasetRegistered():
            return Dataset(id=fact.dataset, registered=fact)
        case DatasetUnregistered():
            return Dataset(id=fact.dataset, registered=None)
        case _:
            raise AssertionError(fact)


def _registered(offer: DatasetOffered, gateway: Gateway) -> DatasetRegistered:
    return DatasetRegistered(
        dataset=offer.dataset,
        name=offer.name,
        description=offer.description,
        gateway=gateway.id,
        organization=gateway.organization,
        shape=offer.shape,
        derived_from=offer.derived_from,
    )
