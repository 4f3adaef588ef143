"""
The agent's side: JSON over a Unix socket that only this service's own user may open and speak on.

The socket is 0600, and the kernel says who is at the other end of each connection.
"""

import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, TypeAdapter

from fedpact.chassis.http import make_app, problem
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
_CREDENTIALS = struct.Struct("iII")


def make_admin_app(handlers: Handlers) -> web.Application:
    """The application that the gateway's agent talks to."""
    app = make_app(checks={}, status_of=STATUS_OF)
    app.middlewares.append(_same_user)
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


@asynccontextmanager
async def serving_admin(app: web.Application, path: Path) -> AsyncIterator[None]:
    """Serve `app` on a Unix socket at `path`, for this user alone."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = _listener(path)
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        listener.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - at the end of the process


@web.middleware
async def _same_user(request: web.Request, handler: Handler) -> web.StreamResponse:
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise ConnectionResetError
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    if uid != os.getuid():
        return problem(403, "other_user", "only the user this service runs as may say what is served")
    return await handler(request)


def _listener(path: Path) -> socket.socket:
    """A socket that is 0600 from its first moment; one left behind by a crash is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_socket():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener


async def _body(request: web.Request, model: type[B]) -> B:
    return model.model_validate_json(await request.read())


def _json(value: BaseModel) -> web.Response:
    return web.json_response(value.model_dump(mode="json"))
