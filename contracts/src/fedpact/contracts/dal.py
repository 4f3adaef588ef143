"""
What a gateway's agent tells its DAL over the local admin socket.

`roots` are paths below a dataset: the empty one is the whole dataset, one that ends in `/` a folder of it, any
other a single object. An address is what a model appends to `/datasets/`; a place on the server is told to
nobody but the agent. What lies in a bucket has its name there as its address, and the hub learns neither.
"""

from typing import Annotated

from pydantic import AwareDatetime, Field

from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import DatasetId
from fedpact.contracts.pact import Person, PinnedModel
from fedpact.contracts.policies import Permissions
from fedpact.contracts.registry import DatasetShape

ActivationId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,128}$")]
"""`<spec>-<generation>-<participant>`, the `sub` of its tokens."""
Roots = dict[DatasetId, tuple[str, ...]]


class OpenActivation(Strict):
    """Whoever holds a token of this activation may read `datasets` until `valid_until`. Replaces what was said."""

    datasets: Annotated[Roots, Field(min_length=1)]
    permissions: Permissions = {}
    privacy: Permissions = {}
    valid_until: AwareDatetime
    requester: Person
    model: PinnedModel


class ExtendActivation(Strict):
    """The grant was renewed."""

    valid_until: AwareDatetime


class ActivationAccess(Model):
    """An open activation. `addresses` is what its model is given as `APH_DATA`."""

    activation: ActivationId
    datasets: Roots
    addresses: dict[DatasetId, str]
    valid_until: AwareDatetime
    requester: Person
    model: PinnedModel
    streams: int = 0
    """Responses that are being sent."""


class InspectDataset(Strict):
    """`path` is absolute and below an allowed root, or `s3://bucket/key` in an allowed bucket; a folder ends in `/`."""

    path: Annotated[str, Field(min_length=2, max_length=4096)]


class MapDataset(InspectDataset):
    """`address` overrides what models ask for, to keep the `s3://bucket/key` of a bucket that is mirrored here."""

    address: Annotated[str, Field(max_length=1024)] | None = None


class MappedDataset(Model):
    dataset: DatasetId
    path: str
    address: str
    shape: DatasetShape | None = None
    """At the time of mapping."""
