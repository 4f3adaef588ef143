"""What the DAL knows: activations, datasets, who asks, and the one place an address stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fedpact.contracts.dal import ActivationId, Roots
from fedpact.contracts.ids import DatasetId
from fedpact.contracts.pact import Person, PinnedModel
from fedpact.contracts.policies import Permissions
from fedpact.dal_service.domain.paths import Address, is_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One participant's right to read, as long as the grant behind it lives."""

    id: ActivationId
    roots: Roots
    permissions: Permissions
    privacy: Permissions
    valid_until: datetime
    requester: Person
    model: PinnedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The gateway's own mapping. `path` is below an allowed root or in an allowed bucket; the hub never learns it."""

    id: DatasetId
    path: str
    address: Address

    @property
    def folder(self) -> bool:
        return is_folder(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """What a verified token says."""

    token_id: str
    activation: ActivationId
    roots: Mapping[DatasetId, tuple[str, ...]]
    not_before: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an authorised address lies. Nothing is opened but a place."""

    dataset: DatasetId
    address: Address
    path: str
