"""What pins a model in process mode: one digest over every file of its folder, whatever order they are listed in."""

import hashlib
from collections.abc import Iterable


def digest_of(entries: Iterable[tuple[str, bytes]]) -> str:
    """`sha256:` over (path, content) pairs sorted by path. Lengths are part of it, so no two listings share one."""
    total = hashlib.sha256()
    for path, content in sorted(entries):
        name = path.encode()
        total.update(len(name).to_bytes(8, "big"))
        total.update(name)
        total.update(hashlib.sha256(content).digest())
    return f"sha256:{total.hexdigest()}"


def counts(path: str) -> bool:
    """Whether a file belongs to the package: byte code and installation metadata are made on the machine itself."""
    folders = path.split("/")[:-1]
    return not any(folder == "__pycache__" or folder.endswith(".egg-info") for folder in folders)
