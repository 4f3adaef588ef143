"""
The source for folders and files of this machine.

A file is served from the descriptor that was opened and checked, so what is sent is what was authorised,
whatever happens to the name meanwhile. Opening and looking at it happen on the event loop: they take
microseconds, a hop to a thread takes longer. Listings and inspections go to a thread.
"""

import asyncio
import errno
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from fedpact.contracts.registry import DatasetShape
from fedpact.dal_service.adapters.roots import Roots
from fedpact.dal_service.adapters.shapes import ARCHIVES, table_shape
from fedpact.dal_service.app.ports import Outlet
from fedpact.dal_service.domain.conditions import etag
from fedpact.dal_service.domain.errors import ListingTooLongError, MappingRefusedError, MissingError, StorageError
from fedpact.dal_service.domain.model import Place
from fedpact.dal_service.domain.paths import Address, is_folder, is_name

log = logging.getLogger(__name__)
_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV, errno.ENAMETOOLONG, errno.ENXIO, errno.EACCES, errno.EPERM}
)
"""All of these are one answer. What the custodian has to mend is in the log."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file, held open."""

    file: BinaryIO
    size: int
    tag: str

    async def read(self, start: int, length: int) -> bytes:
        return os.pread(self.file.fileno(), length, start)

    async def send(self, outlet: Outlet, start: int, length: int) -> bool:
        return await outlet.sendfile(self.file, start, length) == length

    def close(self) -> None:
        self.file.close()


class Files:
    def __init__(self, roots: Roots, *, listing_limit: int) -> None:
        self._roots, self._limit = roots, listing_limit

    async def open(self, place: Place, *, whole: bool) -> OpenFile:  # noqa: ARG002 - a descriptor costs the same
        if is_folder(place.path):
            raise MissingError
        return _regular(self._descriptor(place.path))

    async def entries(self, place: Place) -> Sequence[Address]:
        names = await asyncio.to_thread(self._names, place.path)
        return [Address(place.address + name) for name in names]

    async def inspect(self, path: str) -> DatasetShape:
        return await asyncio.to_thread(self._inspect, path)

    async def fault(self) -> str | None:
        return self._roots.fault()

    def _descriptor(self, path: str) -> int:
        split = self._roots.split(path)
        if split is None:
            raise MissingError
        try:
            return self._below(*split)
        except OSError as error:
            if error.errno not in _ABSENT:
                log.warning("the storage failed: %s", error.strerror)
                raise StorageError from error
            if error.errno in {errno.EACCES, errno.EPERM}:
                log.warning("the storage holds something that the DAL's user may not read")
            raise MissingError from error

    def _below(self, root: str, path: str) -> int:
        return self._roots.open(root, path, os.O_DIRECTORY if is_folder(path) or not path else 0)

    def _names(self, path: str) -> Sequence[str]:
        """Everything below a folder, by its name from there. What vanishes meanwhile is not missed."""
        found: list[str] = []
        pending = [""]
        while pending:
            below = pending.pop()
            try:
                descriptor = self._descriptor(path + below)
            except MissingError:
                if not below:
                    raise
                continue
            names = [below + name for name in _listed(descriptor, self._limit + 1 - len(found))]
            found += names
            pending += filter(is_folder, names)
            if len(found) > self._limit:
                raise ListingTooLongError(self._limit)
        return sorted(found)

    def _inspect(self, path: str) -> DatasetShape:
        split = self._roots.split(path)
        if split is None:
            allowed = ", ".join(f"`{root}`" for root in self._roots.folders)
            text = f"`{path}` is outside the roots this gateway allows: put it below {allowed or 'one, none is set'}"
            raise MappingRefusedError(text, path="path")
        try:
            descriptor = self._below(*split)
        except OSError as error:
            raise MappingRefusedError(_why(path, error), path="path") from error
        if is_folder(path):
            os.close(descriptor)
            return DatasetShape(kind="folder", bytes=self._weight(path))
        return _file_shape(path, descriptor)

    def _weight(self, path: str) -> int:
        """The bytes of all files that would be served from a folder."""
        total = 0
        for name in self._names(path):
            if is_folder(name):
                continue
            try:
                found = _regular(self._descriptor(path + name))
            except (MissingError, StorageError) as error:
                text = f"`{path}{name}` cannot be read by this service: grant it, or take the file out"
                raise MappingRefusedError(text, path="path") from error
            found.close()
            total += found.size
        return total


def _listed(descriptor: int, most: int) -> list[str]:
    """At most `most` names in a folder, folders with a slash. Links, pipes, sockets and devices are no entries."""
    names: list[str] = []
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    names.append(f"{entry.name}/")
                elif entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
                if len(names) >= most:
                    break
    finally:
        os.close(descriptor)
    return [name for name in names if is_name(name)]


def _regular(descriptor: int) -> OpenFile:
    """Take over `descriptor` if it is a regular file's."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise MissingError
    file = os.fdopen(descriptor, "rb", buffering=0)
    return OpenFile(file, found.st_size, etag(found.st_mtime_ns, found.st_size, found.st_ino))


def _file_shape(path: str, descriptor: int) -> DatasetShape:
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MappingRefusedError(f"`{path}` is a folder: end it with `/`", path="path")
    try:
        opened = _regular(descriptor)
    except MissingError as error:
        raise MappingRefusedError(f"`{path}` is neither a file nor a folder", path="path") from error
    with opened.file:
        if path.lower().endswith(ARCHIVES):
            return DatasetShape(kind="archive", bytes=opened.size)
        columns, rows = table_shape(path, opened.file)
        return DatasetShape(kind="file", bytes=opened.size, rows=rows, columns=columns)


def _why(path: str, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return f"`{path}` does not exist: check the path, it is looked for on the gateway's machine"
        case errno.ELOOP:
            return f"`{path}` is or passes through a link: name the place itself, links are never followed"
        case errno.ENOTDIR:
            return f"`{path}` is no folder, or passes through a file or a link: only folders end in `/`"
        case errno.EACCES | errno.EPERM:
            return f"`{path}` cannot be read by this service: grant it read access"
        case _:
            return f"`{path}` cannot be opened: {(error.strerror or 'unknown error').lower()}"
