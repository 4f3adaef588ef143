"""
Writing files that a crash cannot tear and a neighbour cannot read.

A reader sees the old content or the new, never a part; the mode is set before the first byte is written.
"""

import os
from pathlib import Path

PRIVATE = 0o600
PRIVATE_FOLDER = 0o700


def folder(path: Path) -> Path:
    """`path` as a folder that only its owner may enter, its missing parents too. Existing ones stay as they are."""
    for one in reversed((path, *path.parents)):  # `parents=True` would give the parents the mode of the umask
        one.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def write(path: Path, content: bytes | str, mode: int = PRIVATE) -> None:
    """Puts `content` at `path`, durably and at once."""
    folder(path.parent)
    half = path.with_name(f".{path.name}.{os.getpid()}.half")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
