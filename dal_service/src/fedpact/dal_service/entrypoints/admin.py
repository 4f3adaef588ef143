"""The agent's side: JSON over a Unix socket that only this service's own user may open and speak on."""

from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from fedpact.chassis.http import make_app
from fedpact.chassis.local import same_user
from fedpact.contracts.dal import (
    ActivationId,
    ExtendActivation,
    InspectDataset,
    MapDataset,
    MappedDataset,
    OpenActivation,
)
from fedpact.contracts.ids import DatasetId
from fedpact.dal_service.app.handlers import Handlers
from fedpact.dal_service.domain.errors import STATUS_OF
from fedpact.dal_service.domain.model import Activation

B = TypeVar("B", bound=BaseModel)
_ACTIVATION: TypeAdapter[str] = TypeAdapter(ActivationId)
_DATASET: TypeAdapter[str] = TypeAdapter(DatasetId)


def make_admin_app(handlers: Handlers) -> web.Application:
    """The application that the gateway's agent talks to."""
    app = make_app(checks={}, status_of=STATUS_OF)
    app.middlewares.append(same_user)
    told = Admin(handlers=handlers)
    app.router.add_get("/activations", told.activations)
    app.router.add_put("/activations/{id}", told.open)
    app.router.add_post("/activations/{id}/extend", told.extend)
    app.router.add_delete("/activations/{id}", told.revoke)
    app.router.add_get("/datasets", told.datasets)
    app.router.add_post("/datasets/inspect", told.inspect)
    app.router.add_put("/datasets/{id}", told.map)
    app.router.add_delete("/datasets/{id}", told.unmap)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    handlers: Handlers

    async def activations(self, _: web.Request) -> web.Response:
        found = [self.handlers.access(activation) for activation in self.handlers.activations.every()]
        return web.json_response([access.model_dump(mode="json") for access in found])

    async def open(self, request: web.Request) -> web.Response:
        wanted = await _body(request, OpenActivation)
        activation = Activation(
            id=_ACTIVATION.validate_python(request.match_info["id"]),
            roots=wanted.datasets,
            permissions=wanted.permissions,
            privacy=wanted.privacy,
            valid_until=wanted.valid_until,
            requester=wanted.requester,
            model=wanted.model,
        )
        return _json(await self.handlers.open(activation))

    async def extend(self, request: web.Request) -> web.Response:
        wanted = await _body(request, ExtendActivation)
        return _json(await self.handlers.extend(request.match_info["id"], wanted.valid_until))

    async def revoke(self, request: web.Request) -> web.Response:
        await self.handlers.revoke(request.match_info["id"])
        return web.Response(status=204)

    async def datasets(self, _: web.Request) -> web.Response:
        found = self.handlers.datasets.every()
        told = [MappedDataset(dataset=dataset.id, path=dataset.path, address=dataset.address) for dataset in found]
        return web.json_response([mapped.model_dump(mode="json") for mapped in told])

    async def map(self, request: web.Request) -> web.Response:
        wanted = await _body(request, MapDataset)
        return _json(await self.handlers.map(_DATASET.validate_python(request.match_info["id"]), wanted))

    async def unmap(self, request: web.Request) -> web.Response:
        await self.handlers.unmap(request.match_info["id"])
        return web.Response(status=204)

    async def inspect(self, request: web.Request) -> web.Response:
        return _json(await self.handlers.inspect((await _body(request, InspectDataset)).path))


async def _body(request: web.Request, model: type[B]) -> B:
    return model.model_validate_json(await request.read())


def _json(value: BaseModel) -> web.Response:
    return web.json_response(value.model_dump(mode="json"))
