"""
Artifacts onto this machine: which ones, where to, and that they arrived as they were stored.

A file arrives under another name beside its place, piece by piece, and gets its name once its content has its digest.
A download that breaks off, or that the hub cannot give now, goes on where it stopped: by itself for a while, and when
it is asked for again, since what arrived is kept. A content never changes under its digest, so the two parts fit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fedpact.client import operations
from fedpact.client.errors import InputError, UnreachableError, UnreadableAnswerError
from fedpact.client.flows import opened
from fedpact.client.messages import NoAnswer
from fedpact.client.steps import Chunk, Flow, Pause
from fedpact.client.way import Way
from fedpact.contracts.api import ArtifactsView, ArtifactView

TRIES, PAUSE = 4, 0.5
"""How often nothing new may arrive in a row; the first pause in seconds, twice as long each time."""
PIECE = 2**20


def downloaded(way: Way, job_id: str, folder: Path, names: Sequence[str]) -> Flow[tuple[Path, ...]]:
    """Save the result files `names`, or all, below `folder`."""
    found = yield from way.flow(operations.artifacts(job_id))
    paths: tuple[Path, ...] = ()
    for item in chosen(found, names):
        paths += ((yield from saved(operations.artifact_path(job_id, item.name), item, folder)),)
    return paths


def chosen(found: ArtifactsView, names: Sequence[str]) -> tuple[ArtifactView, ...]:
    """The result files `names`, or all that are not deleted."""
    there = [item for item in found.items if item.deleted is None]
    if missing := set(names) - {item.name for item in there}:
        raise InputError(
            f"`{found.job_id}` has no result file {', '.join(f'`{name}`' for name in sorted(missing))}:"
            f" `fedpact jobs artifacts {found.job_id}` lists them"
        )
    return tuple(item for item in there if not names or item.name in names)


def saved(path: str, item: ArtifactView, folder: Path) -> Flow[Path]:
    """The artifact that is read at `path`, below `folder`; what does not have its digest is not kept."""
    target = folder / inside(item.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    arrived = _Arrived(item, target.with_name(f".{target.name}.{item.digest.removeprefix('sha256:')[:12]}.part"))
    failed, most = 0, arrived.size
    while broken := (yield from _more(path, arrived)):
        failed = 0 if arrived.size > most else failed + 1
        most = max(most, arrived.size)
        if failed >= TRIES:
            raise broken
        yield Pause(PAUSE * 2**failed)
    arrived.becomes(target)
    return target


def inside(name: str) -> Path:
    """The name of a result file as a path that cannot leave the folder it is saved in."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or any(part == ".." or "\\" in part or ":" in part for part in path.parts):
        raise InputError(f"the result file `{name}` would be saved outside the folder: tell the hub's operator")
    return Path(*path.parts)


@dataclass(slots=True)
class _Arrived:
    """What arrived of an artifact so far, perhaps in an earlier run."""

    item: ArtifactView
    part: Path
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        if self.part.exists():
            with self.part.open("rb") as file:
                while piece := file.read(PIECE):
                    self._count(piece)
        if self.size > self.item.size:
            self.forget()

    @property
    def whole(self) -> bool:
        return self.size == self.item.size and self.part.exists()

    @property
    def rest(self) -> dict[str, str]:
        """The headers that ask for what is missing."""
        return {"Range": f"bytes={self.size}-", "If-Range": f'"{self.item.digest}"'} if self.size else {}

    def write(self, file: BinaryIO, piece: bytes) -> None:
        file.write(piece)
        self._count(piece)

    def forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.size, self._hash = 0, hashlib.sha256()

    def becomes(self, target: Path) -> None:
        if f"sha256:{self._hash.hexdigest()}" != self.item.digest:
            self.forget()
            raise UnreachableError(
                f"`{self.item.name}` arrived with another content than was stored: download it again"
            )
        self.part.replace(target)

    def _count(self, piece: bytes) -> None:
        self._hash.update(piece)
        self.size += len(piece)


def _more(path: str, arrived: _Arrived) -> Flow[UnreachableError | None]:
    """Fetch what is missing; what it was that broke it off, or that the hub cannot give it now."""
    if arrived.whole:
        return None
    try:
        reply = yield from opened(path, headers=arrived.rest)
    except UnreadableAnswerError:
        raise
    except UnreachableError as error:
        return error
    if isinstance(reply, NoAnswer):
        return _broken(reply.cause)
    if reply.status != HTTPStatus.PARTIAL_CONTENT:
        arrived.forget()
    with arrived.part.open("ab") as file:
        while (piece := (yield Chunk())) is not None:
            if not isinstance(piece, bytes):
                return _broken(piece.cause if isinstance(piece, NoAnswer) else "the file broke off")
            arrived.write(file, piece)
    return None


def _broken(cause: str) -> UnreachableError:
    return UnreachableError(f"{cause}: try again, the download goes on where it stopped")
