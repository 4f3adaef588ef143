"""The DAL's admin socket: JSON over HTTP on a Unix socket that only this user may open."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, TypeAdapter, ValidationError

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.dal import ActivationAccess, MapDataset, MappedDataset, OpenActivation
from fedpact.contracts.ids import DatasetId
from fedpact.gateway_agent.domain.errors import DataDoorError

_MAPPED: TypeAdapter[list[MappedDataset]] = TypeAdapter(list[MappedDataset])
REFUSED = 400
BROKEN = 500


class _Problem(BaseModel):
    detail: str = "the DAL refuses"


@dataclass(frozen=True, slots=True)
class DalAdmin:
    """One connection a call: calls are rare, and the DAL may have been restarted in between."""

    socket: Path
    timeout: float = 20.0

    async def datasets(self) -> Sequence[MappedDataset]:
        return _MAPPED.validate_json(await self._call("GET", "/datasets"))

    async def map(self, dataset: DatasetId, path: str) -> MappedDataset:
        return MappedDataset.model_validate_json(
            await self._call("PUT", f"/datasets/{quote(dataset)}", MapDataset(path=path))
        )

    async def unmap(self, dataset: DatasetId) -> None:
        await self._call("DELETE", f"/datasets/{quote(dataset)}")

    async def open(self, activation: str, access: OpenActivation) -> ActivationAccess:
        return ActivationAccess.model_validate_json(
            await self._call("PUT", f"/activations/{quote(activation)}", access)
        )

    async def revoke(self, activation: str) -> None:
        await self._call("DELETE", f"/activations/{quote(activation)}")

    async def _call(self, method: str, path: str, body: BaseModel | None = None) -> bytes:
        content = body.model_dump_json().encode() if body else None
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.UnixConnector(str(self.socket)), timeout=aiohttp.ClientTimeout(self.timeout)
                ) as session,
                session.request(method, f"http://dal{path}", data=content) as answer,
            ):
                status, told = answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"the DAL does not answer on its admin socket: {type(error).__name__}") from error
        if status >= BROKEN:
            raise UnavailableError(f"the DAL is in trouble: {_detail(told)}")
        if status >= REFUSED:
            raise DataDoorError(_detail(told))
        return told


def _detail(body: bytes) -> str:
    try:
        return _Problem.model_validate_json(body).detail
    except ValidationError:
        return _Problem().detail
