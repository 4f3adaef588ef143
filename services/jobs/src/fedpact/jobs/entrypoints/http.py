"""
Results over HTTP: a site PUTs each file and completes with a manifest; a reader GETs an object.

The bearer token in the `Authorization` header is the only permission. Nothing of a file is read before the token is
known to permit it, and a sender or reader that stalls is let go.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from fedpact.contracts.jobs import Manifest
from fedpact.jobs.app.results import Results
from fedpact.jobs.domain.errors import BadTokenError

CHUNK = 256 * 1024
STALLED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Doors:
    """The routes of this service."""

    results: Results

    def add_to(self, app: web.Application) -> None:
        """Mount the routes."""
        app.router.add_put("/uploads/{job}/{name:.+}", self.put)
        app.router.add_post("/uploads/{job}/complete", self.complete)
        app.router.add_get("/objects/{digest}", self.get)

    async def put(self, request: web.Request) -> web.StreamResponse:
        """Store one file."""
        job, name = request.match_info["job"], request.match_info["name"]
        room = await self.results.room(_bearer(request), job, name, request.content_length or 0)
        received = await self.results.receive(job, name, _chunks(request), room)
        return web.json_response({"name": name, "digest": received.digest, "size": received.size}, status=201)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """All files of the job are there. The 2xx means they are kept."""
        token = _bearer(request)
        manifest = Manifest.model_validate_json(await request.read())
        await self.results.complete(token, request.match_info["job"], manifest)
        return web.json_response({"stored": len(manifest.files)})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """One object, by sendfile, with ranges."""
        digest = request.match_info["digest"]
        path = await self.results.read(_bearer(request), digest)
        return web.FileResponse(path, headers=_headers(digest))


def _bearer(request: web.Request) -> str:
    given = request.headers.getall("Authorization", [])
    if len(given) != 1 or not given[0].startswith("Bearer "):
        raise BadTokenError
    return given[0].removeprefix("Bearer ")


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        try:
            chunk = await asyncio.wait_for(request.content.read(CHUNK), STALLED_SECONDS)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="no byte came for too long: send the file again") from error
        if not chunk:
            return
        yield chunk


def _headers(digest: str) -> dict[str, str]:
    """The content's own digest (RFC 9530); and no browser shall guess what it is and run it."""
    content = b64encode(bytes.fromhex(digest.removeprefix("sha256:"))).decode()
    return {
        "Repr-Digest": f"sha-256=:{content}:",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
