"""
Who may read what, decided on strings alone, before any storage is touched.

It is decided at every request and again while a response runs: a token that was verified once is only as good
as its activation is now.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from fedpact.contracts.ids import DatasetId
from fedpact.dal_service.domain.errors import AddressTakenError, OutOfScopeError, UnauthenticatedError
from fedpact.dal_service.domain.model import Activation, Bearer, Dataset, Place
from fedpact.dal_service.domain.paths import Address, covered, holds, in_bucket

LEEWAY = timedelta(seconds=5)
"""For the clocks of the agent's machine and this one. An activation's end has none."""

LONGEST_TOKEN = timedelta(days=31)
"""A token that claims to live longer is a mistake or a forgery; no activation does."""


def admit(bearer: Bearer, activation: Activation | None, now: datetime) -> Activation:
    """The activation the bearer acts for, if token and activation are both alive."""
    if activation is None or activation.id != bearer.activation:
        raise UnauthenticatedError
    if now >= activation.valid_until or now >= bearer.expires + LEEWAY or now < bearer.not_before - LEEWAY:
        raise UnauthenticatedError
    return activation


def locate(
    address: Address, bearer: Bearer, activation: Activation, dataset_of: Callable[[DatasetId], Dataset | None]
) -> Place:
    """The place `address` stands for, if token, activation and the gateway's mapping all name it."""
    for name in bearer.roots.keys() & activation.roots.keys():
        dataset = dataset_of(name)
        if dataset is None or not holds(dataset.address, address):
            continue
        below = address[len(dataset.address) :]
        if all(any(covered(below, root) for root in roots[name]) for roots in (bearer.roots, activation.roots)):
            return Place(dataset=name, address=address, path=dataset.path + below)
    raise OutOfScopeError


def default_address(dataset: DatasetId, path: str) -> Address:
    """
    `<id>/` for a folder, `<id>/<file name>` for a file: it outlives a move and tells nothing of the server.

    What lies in a bucket is asked for by its name there, as code that was written for buckets does.
    """
    if in_bucket(path):
        return Address(path)
    return Address(f"{dataset}/" if path.endswith("/") else f"{dataset}/{path.rpartition('/')[2]}")


def ensure_free(address: Address, dataset: DatasetId, others: Iterable[Dataset]) -> None:
    """Refuse an address that another dataset answers to, or that lies inside or around another's."""
    for other in others:
        if other.id != dataset and (holds(other.address, address) or holds(address, other.address)):
            raise AddressTakenError(
                f"address `{address}` overlaps that of dataset `{other.id}`: take that back first, or choose another"
            )
