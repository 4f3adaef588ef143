"""
The source for objects in buckets.

Only buckets that the custodian named are asked, and only for what was authorised as a string before. What a server
says is for the log and for the steward who maps a dataset; a model is told one of the DAL's own refusals.
"""

import asyncio
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import aiohttp

from fedpact.contracts.registry import DatasetShape
from fedpact.dal_service.adapters.s3 import Found, Server
from fedpact.dal_service.adapters.shapes import ARCHIVES, is_table, table_shape
from fedpact.dal_service.app.ports import Outlet
from fedpact.dal_service.domain import buckets
from fedpact.dal_service.domain.conditions import Part
from fedpact.dal_service.domain.errors import (
    BucketError,
    BucketRefusesError,
    BucketSilentError,
    ListingTooLongError,
    MappingRefusedError,
    MissingError,
    ObjectDeniedError,
    ObjectGoneError,
    StorageError,
    StorageRefusedError,
)
from fedpact.dal_service.domain.model import Place
from fedpact.dal_service.domain.paths import Address, is_folder

log = logging.getLogger(__name__)
COUNTED = 32 * 2**20
"""Tables up to so many bytes are read for their number of rows."""
HEAD = 256 * 1024
"""Of larger ones so much is read, for the names of their columns."""


@dataclass(slots=True, kw_only=True)
class OpenObject:
    """An object as it was when it was looked at: parts of it are asked for by its tag."""

    server: Server
    key: str
    size: int
    tag: str
    coming: aiohttp.ClientResponse | None = None
    """All of it, if that was asked for."""
    held: ExitStack = field(default_factory=ExitStack)
    """What to give back."""

    async def read(self, start: int, length: int) -> bytes:
        parts: list[bytes] = []
        with _told(self.server):
            coming = await self._reached(start, length)
            while length > 0:
                parts.append(await _next(coming))
                length -= len(parts[-1])
        return b"".join(parts)

    async def send(self, outlet: Outlet, start: int, length: int) -> bool:
        try:
            coming = await self._reached(start, length)
            while length > 0:
                chunk = await _next(coming)
                await outlet.write(chunk)
                length -= len(chunk)
        except BucketError as error:
            _warn(self.server, error)
            return False
        return True

    def close(self) -> None:
        if self.coming is not None:
            self.coming.close()
        self.held.close()

    async def _reached(self, start: int, length: int) -> aiohttp.ClientResponse:
        if self.coming is None:
            self.coming = await self.server.part(self.key, self.tag, Part(start, length), self.size)
        return self.coming


class Buckets:
    """At most `readers` objects are sent at a time, for each takes memory until its reader takes it; more wait."""

    def __init__(self, servers: Sequence[Server], *, listing_limit: int, readers: int) -> None:
        self._servers = {server.bucket.name: server for server in servers}
        self._limit = listing_limit
        self._turns = asyncio.Semaphore(readers)

    async def open(self, place: Place, *, whole: bool) -> OpenObject:
        server, key = self._at(place)
        if is_folder(place.path) or len(key.encode()) > buckets.LONGEST_KEY:
            raise MissingError
        with ExitStack() as held:
            await self._turns.acquire()
            held.callback(self._turns.release)
            with _told(server):
                found = await (server.get(key) if whole else server.look(key))
            coming = found.response if whole else None
            return OpenObject(
                server=server, key=key, size=found.size, tag=found.tag, coming=coming, held=held.pop_all()
            )

    async def entries(self, place: Place) -> Sequence[Address]:
        server, prefix = self._at(place)
        with _told(server):
            sizes = await self._sizes(server, prefix)
        if not sizes:
            raise MissingError
        names = await asyncio.to_thread(lambda: sorted(buckets.names(sizes, prefix)))
        if len(names) > self._limit:
            raise ListingTooLongError(self._limit)
        return [Address(place.address + name) for name in names]

    async def inspect(self, path: str) -> DatasetShape:
        name, key = buckets.split(path)
        server = self._servers.get(name)
        if server is None:
            allowed = ", ".join(f"`{one}`" for one in sorted(self._servers)) or "none"
            text = (
                f"`{path}` is in none of the buckets this gateway allows ({allowed}): add it to FEDPACT_DAL_SOURCES_S3"
            )
            raise MappingRefusedError(text, path="path")
        try:
            return await (self._folder(server, path, key) if is_folder(path) else self._file(server, path, key))
        except BucketError as error:
            text = f"`{path}` cannot be served: the server of bucket `{name}` {error.reason}"
            raise MappingRefusedError(text, path="path") from error

    async def fault(self) -> str | None:
        return "; ".join(filter(None, (server.fault() for server in self._servers.values()))) or None

    def _at(self, place: Place) -> tuple[Server, str]:
        name, key = buckets.split(place.path)
        if name not in self._servers:
            log.warning("a dataset lies in bucket `%s`, which is allowed no longer", name, extra={"key": place.dataset})
            raise MissingError
        return self._servers[name], key

    async def _sizes(self, server: Server, prefix: str) -> Mapping[str, int]:
        """All keys that begin with `prefix`, with their sizes."""
        found: dict[str, int] = {}
        after: str | None = None
        while True:
            page = await server.page(prefix, after)
            found |= page.sizes
            if len(found) > self._limit:
                raise ListingTooLongError(self._limit)
            if page.more is None:
                return found
            if page.more == after:
                raise BucketSilentError("gives the same page again and again")
            after = page.more

    async def _folder(self, server: Server, path: str, prefix: str) -> DatasetShape:
        sizes = await self._sizes(server, prefix)
        if not sizes:
            raise MappingRefusedError(f"nothing in its bucket lies below `{path}`: check the path", path="path")
        return DatasetShape(kind="folder", bytes=sum(buckets.objects(sizes, prefix).values()))

    async def _file(self, server: Server, path: str, key: str) -> DatasetShape:
        try:
            found = await server.look(key)
        except ObjectGoneError as error:
            below = await server.page(f"{key}/", None, most=1)
            hint = "is a folder: end it with `/`" if below.sizes else "does not exist: check the path"
            raise MappingRefusedError(f"`{path}` {hint}", path="path") from error
        if path.lower().endswith(ARCHIVES):
            return DatasetShape(kind="archive", bytes=found.size)
        columns, rows = await _table(server, key, found) if found.size and is_table(key) else ((), None)
        return DatasetShape(kind="file", bytes=found.size, rows=rows, columns=columns)


async def _table(server: Server, key: str, found: Found) -> tuple[tuple[str, ...], int | None]:
    """Columns and rows; of a large table the columns alone."""
    small = found.size <= COUNTED
    opened = OpenObject(server=server, key=key, size=found.size, tag=found.tag)
    try:
        body = await opened.read(0, found.size if small else HEAD)
    finally:
        opened.close()
    if small:
        return await asyncio.to_thread(table_shape, key, io.BytesIO(body))
    columns, _ = table_shape(key, io.BytesIO(body[: body.rfind(b"\n") + 1]))
    return columns, None


async def _next(coming: aiohttp.ClientResponse) -> bytes:
    """More of an object; `BucketSilentError` when it ends before it should."""
    try:
        chunk = await coming.content.readany()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise BucketSilentError(f"broke off an object ({type(error).__name__})") from error
    if not chunk:
        raise BucketSilentError("broke off an object")
    return chunk


@contextmanager
def _told(server: Server) -> Iterator[None]:
    """What a model is told of it."""
    try:
        yield
    except ObjectGoneError as error:
        raise MissingError from error
    except ObjectDeniedError as error:
        _warn(server, error)
        raise MissingError from error
    except BucketRefusesError as error:
        _warn(server, error)
        raise StorageRefusedError from error
    except BucketError as error:
        _warn(server, error)
        raise StorageError from error


def _warn(server: Server, error: BucketError) -> None:
    log.warning("the server of bucket `%s` %s", server.bucket.name, error.reason)
