"""Result files: which ones, where to, and that they arrived as they were stored."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath

from fedpact.client import operations
from fedpact.client.errors import InputError, UnreachableError
from fedpact.client.flows import opened
from fedpact.client.messages import NoAnswer
from fedpact.client.steps import Chunk, Flow, Reply
from fedpact.client.way import Way
from fedpact.contracts.api import ArtifactsView, ArtifactView


def downloaded(way: Way, job_id: str, folder: Path, names: Sequence[str]) -> Flow[tuple[Path, ...]]:
    """Save the result files `names`, or all, below `folder`."""
    found = yield from way.flow(operations.artifacts(job_id))
    paths: tuple[Path, ...] = ()
    for item in chosen(found, names):
        paths += ((yield from saved(job_id, item, folder)),)
    return paths


def chosen(found: ArtifactsView, names: Sequence[str]) -> tuple[ArtifactView, ...]:
    """The result files `names`, or all of them."""
    if missing := set(names) - {item.name for item in found.items}:
        raise InputError(
            f"`{found.job_id}` has no result file {', '.join(f'`{name}`' for name in sorted(missing))}:"
            f" `fedpact jobs artifacts {found.job_id}` lists them"
        )
    return tuple(item for item in found.items if not names or item.name in names)


def saved(job_id: str, item: ArtifactView, folder: Path) -> Flow[Path]:
    """The file below `folder`; what does not have its digest is not kept."""
    target = folder / inside(item.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    found = sha256()
    try:
        broken = yield from opened(operations.artifact_path(job_id, item.name))
        with part.open("wb") as file:
            while chunk := _bytes(broken or (yield Chunk())):
                found.update(chunk)
                file.write(chunk)
        if f"sha256:{found.hexdigest()}" != item.digest:
            raise UnreachableError(f"`{item.name}` arrived with another content than was stored: download it again")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def inside(name: str) -> Path:
    """The name of a result file as a path that cannot leave the folder it is saved in."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or any(part == ".." or "\\" in part or ":" in part for part in path.parts):
        raise InputError(f"the result file `{name}` would be saved outside the folder: tell the hub's operator")
    return Path(*path.parts)


def _bytes(reply: Reply) -> bytes:
    """What arrived, empty at the end; raises when it broke off."""
    if isinstance(reply, NoAnswer):
        raise UnreachableError(f"{reply.cause}: try again")
    return reply if isinstance(reply, bytes) else b""
