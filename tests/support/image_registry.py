"""An image registry of one image, with a password: as much of the distribution protocol as an engine needs to pull."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from fedpact.chassis.http import serving

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Registry:
    host: str
    reference: str
    """The image, pinned by digest."""
    login: str
    """As a Docker configuration file has it."""


@asynccontextmanager
async def registry_with(name: str, *, user: str, password: str) -> AsyncIterator[Registry]:
    """A registry that has the image `name`, of one file, for whoever knows the password."""
    blobs, manifest = _image()
    login = base64.b64encode(f"{user}:{password}".encode()).decode()

    @web.middleware
    async def guarded(request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Basic {login}":
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="test"'})
        return await handler(request)

    async def base(_: web.Request) -> web.Response:
        return web.json_response({})

    async def manifests(_: web.Request) -> web.Response:
        return web.Response(body=manifest, content_type=MANIFEST, headers={"Docker-Content-Digest": _digest(manifest)})

    async def blob(request: web.Request) -> web.Response:
        return web.Response(body=blobs[request.match_info["digest"]], content_type="application/octet-stream")

    app = web.Application(middlewares=[guarded])
    app.router.add_get("/v2/", base)
    app.router.add_get(f"/v2/{name}/manifests/{_digest(manifest)}", manifests)
    app.router.add_get(f"/v2/{name}/blobs/{{digest}}", blob)
    async with serving(app, "127.0.0.1", 0) as port:
        host = f"127.0.0.1:{port}"
        yield Registry(host=host, reference=f"{host}/{name}@{_digest(manifest)}", login=login)


def _image() -> tuple[dict[str, bytes], bytes]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("hello")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    plain = made.getvalue()
    layer = gzip.compress(plain, mtime=0)
    described = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [_digest(plain)]},
    }
    config = json.dumps(described).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": _digest(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": len(layer),
                "digest": _digest(layer),
            }
        ],
    }
    return {_digest(config): config, _digest(layer): layer}, json.dumps(manifest).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
