"""The registry's datasets as this service keeps them: whose each is, and whether it is still there."""

from dataclasses import replace

from fedpact.contracts.envelope import Fact
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered
from fedpact.policy.domain.model import Dataset


def evolve(dataset: Dataset | None, fact: Fact) -> Dataset:
    """The dataset after `fact`."""
    match fact:
        case DatasetRegistered():
            return Dataset(id=fact.dataset, organization=fact.organization, derived_from=fact.derived_from)
        case DatasetUnregistered():
            return replace(dataset or Dataset(id=fact.dataset), registered=False)
        case _:
            raise TypeError(f"`{fact.type}` is not about a dataset")
