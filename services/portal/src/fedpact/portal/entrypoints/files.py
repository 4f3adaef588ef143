"""
The content of artifacts, passed on piece by piece.

It never changes under its artifact, so its digest is a strong validator and a part of it can be asked for at any
time: a download that broke off goes on where it stopped. One range a request; other ranges are ignored, as HTTP
allows.
"""

import re
from base64 import b64encode
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import web

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.jobs import StoredFile
from fedpact.contracts.queries import DownloadTicket
from fedpact.portal.app.ports import Files, Opened

_RANGE = re.compile(r"^bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})$")


async def content(request: web.Request, files: Files, file: StoredFile, ticket: DownloadTicket) -> web.StreamResponse:
    """The content of `file`, or the part of it that the request asks for."""
    async with files.open(ticket, asked_part(request, file)) as opened:
        answer = web.StreamResponse(headers=_headers(file))
        if opened.part:
            answer.set_status(HTTPStatus.PARTIAL_CONTENT)
            answer.headers["Content-Range"] = opened.part
        answer.content_length = opened.size
        await answer.prepare(request)
        await _pass_on(request, answer, opened)
    return answer


def asked_part(request: web.Request, file: StoredFile) -> str | None:
    """The range that is asked for, if it is one and of this very content."""
    part, condition = request.headers.get("Range", ""), request.headers.get("If-Range")
    if condition is not None and condition != entity_tag(file):
        return None
    return part if _RANGE.match(part) else None


def entity_tag(file: StoredFile) -> str:
    """The strong validator of a content."""
    return f'"{file.digest}"'


def _headers(file: StoredFile) -> dict[str, str]:
    digest = file.digest.removeprefix("sha256:")
    return {
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(PurePosixPath(file.name).name, safe='')}",
        "ETag": entity_tag(file),
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(digest)).decode()}:",
    }


async def _pass_on(request: web.Request, answer: web.StreamResponse, opened: Opened) -> None:
    """A file that breaks off must look broken: the connection is cut, nothing else is written."""
    try:
        async for chunk in opened.chunks:
            await answer.write(chunk)
        await answer.write_eof()
    except (ConnectionResetError, UnavailableError):
        if request.transport is not None:
            request.transport.abort()
