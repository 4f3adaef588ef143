"""
One bucket's server over HTTP.

Requests go to the configured endpoint and nowhere else: no redirect is followed, no proxy of the environment is used,
nothing is decompressed. One that gave no answer is asked again, and only before the first byte of an object: what
breaks off later is the caller's to tell. Reading ahead is bounded, so that a slow reader costs a fixed amount.
"""

import asyncio
import ssl
from dataclasses import dataclass

import aiohttp
from yarl import URL

from fedpact.chassis.clock import Clock
from fedpact.dal_service.adapters.credentials import CredentialsFile
from fedpact.dal_service.domain.buckets import PAGE, Bucket, Page, Refusal, advice, page
from fedpact.dal_service.domain.conditions import Part
from fedpact.dal_service.domain.errors import (
    BucketError,
    BucketRefusesError,
    BucketSilentError,
    ObjectChangedError,
    ObjectDeniedError,
    ObjectGoneError,
)
from fedpact.dal_service.domain.signature import Request, signed

PAUSES = (0.1, 0.5)
"""Before a request is made again, in seconds."""
CONNECT = 5.0
"""Seconds. With all tries it stays below what the agent waits for an answer, so that a steward is told the reason."""
READ_AHEAD = 128 * 1024
LONGEST_PAGE = 8 * 2**20
_LONGEST_REFUSAL = 64 * 1024
_PLAIN = {"Accept-Encoding": "identity"}
_OK, _PART = 200, 206


class Connections:
    """What all buckets share. Made when first used, for a session belongs to a running loop."""

    def __init__(self, *, stall: float) -> None:
        self._stall = stall
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # readers are counted where they come in
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=self._stall),
                auto_decompress=False,
                read_bufsize=READ_AHEAD,
                skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object, and its content if that was asked for."""

    size: int
    tag: str
    response: aiohttp.ClientResponse


class Server:
    """Where one bucket is."""

    def __init__(self, bucket: Bucket, connections: Connections, clock: Clock) -> None:
        self.bucket = bucket
        self._connections, self._clock = connections, clock
        self._credentials = CredentialsFile(bucket.credentials)
        self._tls: ssl.SSLContext | None = None

    def fault(self) -> str | None:
        """What is wrong at this side. The other is not asked: a bucket that is away holds up nothing else."""
        try:
            self._credentials.read()
            self._trusted()
        except BucketError as error:
            return f"the server of bucket `{self.bucket.name}` {error}"
        return None

    async def look(self, key: str) -> Found:
        """An object without its content."""
        try:
            found = _found(await self._asked(self.bucket.of_object("HEAD", key, {})))
        except (BucketRefusesError, ObjectDeniedError):  # an answer to HEAD has no body to say why
            found = _found(await self._asked(self.bucket.of_object("GET", key, {})))
        found.response.close()
        return found

    async def get(self, key: str) -> Found:
        """An object, its content to come."""
        return _found(await self._asked(self.bucket.of_object("GET", key, {})))

    async def part(self, key: str, tag: str, part: Part, size: int) -> aiohttp.ClientResponse:
        """A part of an object that still has this tag and size, or all of it."""
        whole = part == Part(0, size)
        wanted = {} if whole else {"Range": f"bytes={part.start}-{part.start + part.length - 1}"}
        response = await self._asked(self.bucket.of_object("GET", key, {**wanted, "If-Match": tag}))
        told = response.headers.get("Content-Range", "")
        answered = response.status == (_OK if whole else _PART) and response.content_length == part.length
        if not answered or not (whole or told.startswith(f"bytes {part.start}-")):
            response.close()
            raise BucketSilentError("gives another part than it was asked for")
        return response

    async def page(self, prefix: str, after: str | None, most: int = PAGE) -> Page:
        """Some keys that begin with `prefix`."""
        response = await self._asked(self.bucket.listing(prefix, after, most))
        try:
            body = await _read(response, LONGEST_PAGE)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BucketSilentError(f"broke off a listing ({type(error).__name__})") from error
        return page(body, prefix)

    async def _asked(self, request: Request) -> aiohttp.ClientResponse:
        for pause in PAUSES:
            try:
                return await self._once(request)
            except BucketSilentError:
                await asyncio.sleep(pause)
        return await self._once(request)

    async def _once(self, request: Request) -> aiohttp.ClientResponse:
        headers = signed(request, self._credentials.read(), self.bucket.region, self._clock.now())
        url = URL(self.bucket.origin + request.target, encoded=True)
        session = self._connections.session()
        try:
            response = await session.request(
                request.method, url, headers={**headers, **_PLAIN}, allow_redirects=False, ssl=self._trusted()
            )
            if response.status in {_OK, _PART}:
                return response
            body = await _read(response, _LONGEST_REFUSAL)
        except aiohttp.ClientConnectorCertificateError as error:
            raise BucketRefusesError("shows a certificate that is not trusted: set `ca`") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BucketSilentError(f"does not answer at `{self.bucket.endpoint}` ({type(error).__name__})") from error
        raise _problem(Refusal.read(response.status, body, response.headers.get("x-amz-bucket-region", "")))

    def _trusted(self) -> ssl.SSLContext | bool:
        if self.bucket.ca is None:
            return True
        if self._tls is None:
            try:
                self._tls = ssl.create_default_context(cafile=self.bucket.ca)
            except OSError as error:
                raise BucketRefusesError(f"cannot be trusted: `{self.bucket.ca}` holds no certificate") from error
        return self._tls


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """A whole body, if it is no longer than an honest one; the connection is given back or closed."""
    async with response:
        parts: list[bytes] = []
        async for chunk in response.content.iter_any():
            parts.append(chunk)
            most -= len(chunk)
            if most < 0:
                response.close()
                raise BucketSilentError("gives an answer without an end")
        return b"".join(parts)


def _found(response: aiohttp.ClientResponse) -> Found:
    size, tag = response.headers.get("Content-Length", ""), response.headers.get("ETag", "")
    if response.status != _OK or not size.isdecimal() or not _is_strong(tag):
        response.close()
        raise BucketSilentError("tells no size or no strong ETag of an object")
    return Found(size=int(size), tag=tag, response=response)


def _is_strong(tag: str) -> bool:
    inner = tag[1:-1]
    return tag == f'"{inner}"' and inner.isascii() and inner.isprintable() and '"' not in inner and " " not in inner


def _problem(refusal: Refusal) -> BucketError:
    told = f"{refusal.status} {refusal.code}".rstrip()
    if refusal.passing:
        return BucketSilentError(f"answers {told}")
    match refusal.status:
        case 404 if refusal.code in {"NoSuchKey", ""}:
            return ObjectGoneError("has no such object")
        case 403 if refusal.code in {"AccessDenied", ""}:
            return ObjectDeniedError("keeps something from this key: let it list the bucket and read its objects")
        case 412:
            return ObjectChangedError("has another object by now")
    return advice(refusal)
