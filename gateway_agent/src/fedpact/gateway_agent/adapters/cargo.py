"""What a kit holds that travels to where its workload runs, and as what it is packed."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

READABLE = 0o440
ENTERED = 0o550


def contents(folder: Path) -> Mapping[str, bytes]:
    """Path below `folder` -> content, of every file there; of a folder that is not there nothing."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def packed(contents: Mapping[str, bytes], group: int) -> bytes:
    """A tar archive of `contents` as root's files, which `group` may read."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(_entry(".", tarfile.DIRTYPE, ENTERED, group))
        for path, content in contents.items():
            entry = _entry(path, tarfile.REGTYPE, READABLE, group)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _entry(name: str, kind: bytes, mode: int, group: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = kind, mode, 0, group
    return entry
