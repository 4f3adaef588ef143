"""
Files in a folder, under the SHA-256 of their content: `objects/ab/cdef…`.

A file arrives under a temporary name, is hashed while it is written, made durable, and only then takes its name in
one atomic step. So an object is whole or not there, whatever crashes, and the same content twice is one object.

It goes in two steps, so that nobody's new content goes with it: it is set aside, and only what is still as old as it
was thought to be is removed; anything else gets its name back. What a crash left set aside gets it back at the start.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from fedpact.jobs.domain.errors import TooLargeError
from fedpact.jobs.domain.results import Received

_DIGEST = re.compile(r"^sha256:([0-9a-f]{64})$")


class Folder:
    """Objects below `root`. Several processes may share it."""

    def __init__(self, root: Path) -> None:
        self._objects, self._incoming, self._aside = root / "objects", root / "incoming", root / "aside"

    async def prepare(self) -> None:
        """Make the folders, readable by this service alone, and put back what a crash left set aside."""
        for folder in (self._objects, self._incoming, self._aside):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self._aside.iterdir():
            path.touch()
            self._back(path, f"sha256:{path.name.partition('.')[0]}")

    async def receive(self, chunks: AsyncIterator[bytes], limit: int) -> Received:
        """Store what arrives, whole or not at all."""
        number, name = tempfile.mkstemp(dir=self._incoming)
        temporary = Path(name)
        try:
            with os.fdopen(number, "wb") as file:
                received = await _written(file, chunks, limit)
                await asyncio.to_thread(_flushed, file)
            await asyncio.to_thread(self._named, temporary, received.digest)
        finally:
            _forget(temporary)
        return received

    def find(self, digest: str) -> Path | None:
        """Where the content is."""
        path = self._path(digest)
        return path if path is not None and path.is_file() else None

    def untouched_since(self, moment: datetime) -> Iterator[str]:
        """Digests that were last stored before `moment`. Leftovers of crashed uploads go on the way."""
        for leftover in self._incoming.iterdir():
            if _stored_at(leftover) < moment:
                leftover.unlink(missing_ok=True)
        for shard in sorted(self._objects.iterdir()):
            for path in sorted(shard.iterdir()):
                if _stored_at(path) < moment:
                    yield f"sha256:{shard.name}{path.name}"

    def discard(self, digest: str, untouched_since: datetime) -> bool:
        """Remove the content unless it was stored again since."""
        path = self._path(digest)
        if path is None or _stored_at(path) >= untouched_since:
            return False
        aside = self._aside / f"{digest.removeprefix('sha256:')}.{uuid4().hex}"
        try:
            path.replace(aside)
        except FileNotFoundError:
            return False
        if _stored_at(aside) >= untouched_since:
            self._back(aside, digest)
            return False
        aside.unlink(missing_ok=True)
        with suppress(OSError):
            path.parent.rmdir()
        return True

    def _back(self, aside: Path, digest: str) -> None:
        """Give it its name again; the same content that came meanwhile is the same content."""
        path = self._path(digest)
        assert path is not None
        while aside.exists():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            with suppress(FileNotFoundError):  # a sweep may remove the empty shard in between
                aside.replace(path)
        _durable(path.parent)

    def _named(self, temporary: Path, digest: str) -> None:
        path = self._path(digest)
        assert path is not None
        while True:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            with suppress(FileNotFoundError):  # a sweep may remove the empty shard in between
                temporary.replace(path)
                break
        for folder in (path.parent, self._objects):
            _durable(folder)

    def _path(self, digest: str) -> Path | None:
        found = _DIGEST.match(digest)
        return self._objects / found[1][:2] / found[1][2:] if found else None


async def _written(file: BinaryIO, chunks: AsyncIterator[bytes], limit: int) -> Received:
    hashing, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"the file may have at most {limit} bytes")
        hashing.update(chunk)
        file.write(chunk)
    return Received(digest=f"sha256:{hashing.hexdigest()}", size=size)


def _flushed(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _durable(folder: Path) -> None:
    """A new name is durable once its folder is."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _forget(temporary: Path) -> None:
    """Nothing is left of it once it has its name."""
    temporary.unlink(missing_ok=True)


def _stored_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC)
