"""What the agent may tell the DAL. Each change is kept first, and then holds for responses that already run."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import filterfalse

from fedpact.contracts.dal import ActivationAccess, MapDataset, MappedDataset, Roots
from fedpact.contracts.ids import DatasetId
from fedpact.contracts.registry import DatasetShape
from fedpact.dal_service.app.ports import Shelf, Source
from fedpact.dal_service.app.streams import Streams
from fedpact.dal_service.domain.access import default_address, ensure_free
from fedpact.dal_service.domain.errors import (
    BadPathError,
    MappingRefusedError,
    RootRefusedError,
    UnknownActivationError,
    UnknownDatasetError,
)
from fedpact.dal_service.domain.model import Activation, Dataset
from fedpact.dal_service.domain.paths import Address, absolute, address, is_folder, is_root

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    activations: Shelf[Activation]
    datasets: Shelf[Dataset]
    source: Source
    streams: Streams

    async def open(self, activation: Activation) -> ActivationAccess:
        """Let an activation in. Saying it again with other content replaces what was said."""
        for name, roots in activation.roots.items():
            if self.datasets.find(name) is None:
                raise UnknownDatasetError(name)
            for root in filterfalse(is_root, roots):
                raise RootRefusedError(name, root)
        await self.activations.put(activation.id, activation)
        return self._opened(activation)

    async def extend(self, key: str, valid_until: datetime) -> ActivationAccess:
        """Its grant was renewed, perhaps with an earlier end. What is not open is not opened by this."""
        found = await self.activations.change(key, lambda before: replace(before, valid_until=valid_until))
        if found is None:
            raise UnknownActivationError(key)
        return self._opened(found)

    async def revoke(self, key: str) -> None:
        """End an activation's access, and the responses it is being sent. Idempotent."""
        log.info("activation revoked", extra={"key": key})
        try:
            await self.activations.drop(key)
        finally:
            self.streams.review()

    async def map(self, dataset: DatasetId, wanted: MapDataset) -> MappedDataset:
        """Say where a dataset lies, after a look that it can be served."""
        path = _path(wanted.path)
        chosen = _chosen(wanted.address, path) if wanted.address else default_address(dataset, path)
        shape = await self.source.inspect(path)
        ensure_free(chosen, dataset, self.datasets.every())
        await self.datasets.put(dataset, Dataset(id=dataset, path=path, address=chosen))
        log.info("dataset mapped", extra={"key": dataset})
        self.streams.review()
        return MappedDataset(dataset=dataset, path=path, address=chosen, shape=shape)

    async def unmap(self, dataset: DatasetId) -> None:
        """Serve it no longer. Idempotent."""
        log.info("dataset unmapped", extra={"key": dataset})
        try:
            await self.datasets.drop(dataset)
        finally:
            self.streams.review()

    async def inspect(self, path: str) -> DatasetShape:
        return await self.source.inspect(_path(path))

    def access(self, activation: Activation) -> ActivationAccess:
        """What the agent is told of an activation; a dataset that was unmapped since has no address."""
        return ActivationAccess(
            activation=activation.id,
            datasets=activation.roots,
            addresses=self._addresses(activation.roots),
            valid_until=activation.valid_until,
            requester=activation.requester,
            model=activation.model,
            streams=self.streams.count(activation.id),
        )

    def _opened(self, activation: Activation) -> ActivationAccess:
        log.info("activation open until %s", activation.valid_until.isoformat(), extra={"key": activation.id})
        self.streams.review()
        return self.access(activation)

    def _addresses(self, wanted: Roots) -> dict[DatasetId, str]:
        mapped = {name: self.datasets.find(name) for name in wanted}
        narrow = {name: roots[0] if len(roots) == 1 else "" for name, roots in wanted.items()}
        return {name: dataset.address + narrow[name] for name, dataset in mapped.items() if dataset}


def _path(text: str) -> str:
    try:
        return absolute(text)
    except BadPathError as error:
        reason = (
            f"`{text}` is not a plain absolute path (or `s3://bucket/key`): no `..`, no double slash, "
            "no control characters"
        )
        raise MappingRefusedError(reason, path="path") from error


def _chosen(text: str, path: str) -> Address:
    try:
        found = address(text)
    except BadPathError:
        found = Address("")
    if not found.startswith("s3://") or is_folder(found) != is_folder(path):
        reason = f"address `{text}` is not `s3://bucket/key`, with a slash at the end exactly if the path has one"
        raise MappingRefusedError(reason, path="address")
    return found
