"""
The files the pages load: style, scripts, and other people's code under `vendor` with its licences.

Read once, kept in memory, plain and compressed. The address holds the content's hash, so a browser keeps a file for
ever and still never shows an old one.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file."""

    body: bytes
    packed: bytes
    content_type: str
    mark: str


class Assets:
    """All files of a folder that a browser may have."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: Mapping[str, Asset] = {
            file.relative_to(folder).as_posix(): _read(file)
            for file in sorted(folder.rglob("*"))
            if file.suffix in TYPES
        }

    def place(self, name: str) -> str:
        """The address of a file; templates name no other."""
        return f"/static/{name}?v={self._files[name].mark}"

    def add_to(self, app: web.Application) -> None:
        """Serve them."""
        app.router.add_get("/static/{name:.+}", self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        asset = self._files.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text="there is no such file")
        headers = {
            "Cache-Control": FOR_EVER if request.query.get("v") == asset.mark else SHORTLY,
            "ETag": f'"{asset.mark}"',
            "Vary": "Accept-Encoding",
        }
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(
                body=asset.packed, content_type=asset.content_type, headers=headers | {"Content-Encoding": "gzip"}
            )
        return web.Response(body=asset.body, content_type=asset.content_type, headers=headers)


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(
        body=body,
        packed=gzip.compress(body, mtime=0),
        content_type=TYPES[file.suffix],
        mark=hashlib.sha256(body).hexdigest()[:12],
    )
