"""
Nothing of a run is left, even when the run is killed.

FLARE's processes are in sessions of their own, so whoever kills the command with SIGKILL ends none of them, and its
folder holds keys. A small process in a session of its own therefore waits at the other end of a pipe: it is told when
the run has cleaned up, and where it hears the pipe break without that, it cleans up itself.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fedpact.gateway_agent.adapters import trees

DONE = "done"


@contextmanager
def removed(folder: Path) -> Iterator[Path]:
    """`folder`, which is gone afterwards; with everything that runs in it if this process is killed."""
    argv = [sys.executable, "-m", __name__]
    with subprocess.Popen(  # noqa: S603 - our own module
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd="/", start_new_session=True
    ) as keeper:
        assert keeper.stdin
        keeper.stdin.write(f"{folder}\n")
        keeper.stdin.flush()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            keeper.communicate(f"{DONE}\n")


def clean(folder: Path) -> None:
    """End every process that was started in `folder`, whatever it did since, and remove it."""
    for mark in {mark for mark in trees.marks() if mark.startswith(f"{folder}/")} | {str(folder)}:
        trees.end(trees.Trace(mark=mark, kit=folder))
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Wait until the run has ended. The folder is told through the pipe: a command line with it would be of the run."""
    folder, *told = sys.stdin.read().splitlines()
    if DONE not in told:
        clean(Path(folder))


if __name__ == "__main__":
    main()
