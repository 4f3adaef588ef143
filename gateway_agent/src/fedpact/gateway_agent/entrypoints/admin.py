"""
The steward's side: JSON over a Unix socket that only this service's own user may open and speak on.

The socket is 0600, and the kernel says who is at the other end of each connection.
"""

import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import Field

from fedpact.chassis.http import make_app, problem
from fedpact.contracts.envelope import Strict
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.app.queries import Queries

STATUS_OF = {"dataset_name": 422, "data_door_refused": 409}
_CREDENTIALS = struct.Struct("iII")


class RegisterDataset(Strict):
    """`path` is absolute and below one of the DAL's allowed roots; a folder ends in `/`."""

    path: str = Field(min_length=2, max_length=4096)
    description: str = Field(default="", max_length=5000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """`applied` is the number of the last directive."""

    offers: Offers
    queries: Queries
    applied: Callable[[], int]

    def app(self) -> web.Application:
        app = make_app(checks={}, status_of=STATUS_OF)
        app.middlewares.append(_same_user)
        app.router.add_get("/status", self.status)
        app.router.add_get("/datasets", self.datasets)
        app.router.add_put("/datasets/{name}", self.register)
        app.router.add_delete("/datasets/{name}", self.withdraw)
        return app

    async def status(self, _: web.Request) -> web.Response:
        return web.json_response((await self.queries.status(self.applied())).model_dump(mode="json"))

    async def datasets(self, _: web.Request) -> web.Response:
        """What is offered, each with the place that only this machine knows."""
        places = {one.dataset: one.path for one in await self.offers.data.datasets()}
        offered = [
            {**one.model_dump(mode="json"), "path": places.get(one.dataset)} for one in await self.queries.datasets()
        ]
        return web.json_response(offered)

    async def register(self, request: web.Request) -> web.Response:
        wanted = RegisterDataset.model_validate_json(await request.read())
        mapped = await self.offers.register(request.match_info["name"], wanted.path, wanted.description)
        return web.json_response(mapped.model_dump(mode="json"))

    async def withdraw(self, request: web.Request) -> web.Response:
        await self.offers.withdraw(request.match_info["name"])
        return web.Response(status=204)


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
