"""
An application on a Unix socket that only this process's own user may open and speak on.

The socket is 0600 from its first moment, and the kernel says who is at the other end of each connection.
"""

import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from fedpact.chassis.http_door import Door
from fedpact.chassis.problems import problem
from fedpact.chassis.sockets import private_listener

_CREDENTIALS = struct.Struct("iII")


@asynccontextmanager
async def serving_locally(app: web.Application, path: Path) -> AsyncIterator[None]:
    """Serve `app` on a Unix socket at `path`, for this user alone."""
    runner = Door(app)
    await runner.setup()
    listener = private_listener(path)
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        listener.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - at the end of the process


@web.middleware
async def same_user(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware: refuses whoever is not the user this process runs as."""
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise ConnectionResetError
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    if uid != os.getuid():
        return problem(403, "other_user", "only the user this service runs as may speak here")
    return await handler(request)
