"""
The folders a custodian allows to be served, each held open.

Names are resolved from the pinned descriptor. A root that was mounted anew or re-created has another identity:
it is opened again, or the old descriptor would answer "not there" for ever.
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from fedpact.dal_service.adapters.openat2 import Opener

_NONE = "no allowed root and no bucket is configured: set FEDPACT_DAL_SOURCES_FILES_FOLDER or FEDPACT_DAL_SOURCES_S3"
_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Roots:
    def __init__(self, folders: Sequence[Path], opener: Opener) -> None:
        self._opener = opener
        self.folders = tuple(str(folder).rstrip("/") + "/" for folder in folders)
        self._pinned: dict[str, tuple[int, tuple[int, int]]] = {}
        self._lock = threading.Lock()

    def split(self, path: str) -> tuple[str, str] | None:
        """The root that holds an absolute path, and what is below it; the innermost when they are nested."""
        holding = [folder for folder in self.folders if path.startswith(folder)]
        if not holding:
            return None
        root = max(holding, key=len)
        return root, path[len(root) :]

    def open(self, root: str, path: str, flags: int = 0) -> int:
        """A new descriptor of what is below `root` now. `OSError` when it cannot be."""
        with self._lock:
            return self._opener(self._pin(root), path, flags)

    def _pin(self, root: str) -> int:
        """The pinned descriptor. Under the lock: a number that is closed may be something else's the next moment."""
        found = os.stat(root)  # noqa: PTH116 - on the path of every request
        identity = (found.st_dev, found.st_ino)
        if root in self._pinned:
            descriptor, known = self._pinned[root]
            if known == identity:
                return descriptor
            os.close(self._pinned.pop(root)[0])
        descriptor = os.open(root, _FLAGS)
        opened = os.fstat(descriptor)
        self._pinned[root] = descriptor, (opened.st_dev, opened.st_ino)
        return descriptor

    def fault(self) -> str | None:
        """What is wrong with the roots."""
        for folder in self.folders:
            try:
                with self._lock:
                    self._pin(folder)
            except OSError as error:
                return f"the allowed root `{folder}` cannot be opened: {error.strerror}"
        return None if self.folders else _NONE

    def close(self) -> None:
        with self._lock:
            while self._pinned:
                os.close(self._pinned.popitem()[1][0])
