"""Where each place is asked for: folders of this machine, or buckets."""

from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.contracts.registry import DatasetShape
from fedpact.dal_service.app.ports import Opened, Source
from fedpact.dal_service.domain.model import Place
from fedpact.dal_service.domain.paths import Address, in_bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """`used` are those that the custodian configured."""

    files: Source
    buckets: Source
    used: tuple[Source, ...]

    async def open(self, place: Place, *, whole: bool) -> Opened:
        return await self._of(place.path).open(place, whole=whole)

    async def entries(self, place: Place) -> Sequence[Address]:
        return await self._of(place.path).entries(place)

    async def inspect(self, path: str) -> DatasetShape:
        return await self._of(path).inspect(path)

    async def fault(self) -> str | None:
        return "; ".join(filter(None, [await source.fault() for source in self.used])) or None

    def _of(self, path: str) -> Source:
        return self.buckets if in_bucket(path) else self.files
