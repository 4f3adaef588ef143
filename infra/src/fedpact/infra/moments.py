"""
Streams and databases know each other's numbers, so they have to be of the same moment.

At every start both are marked with the number of that start. A folder of which only one was restored, copied or
removed is seen by its marks, and refused before a service reads news that its database never heard of.
"""

from pathlib import Path

from fedpact.infra.errors import OutOfStepError
from fedpact.infra.layout import Layout, write_secret

MARK = "fedpact-start"


def check(layout: Layout) -> None:
    """Refuse a folder whose streams and databases are not of the same moment."""
    if _interrupted(layout).exists():
        return
    streams, databases = layout.jetstream, layout.databases
    begun, started = _number(streams), _number(databases)
    if begun != started:
        told = f"the streams are of {_start(begun)} and the databases of {_start(started)}"
        raise OutOfStepError(streams, layout.mongo, told)


def mark(layout: Layout) -> None:
    """Both are of this start. One that is cut off in the middle is made up for by the next."""
    number = str((_number(layout.jetstream) or 0) + 1)
    interrupted = _interrupted(layout)
    interrupted.touch()
    for folder in (layout.jetstream, layout.databases):
        write_secret(folder / MARK, number)
    interrupted.unlink()


def _interrupted(layout: Layout) -> Path:
    return layout.root / f"{MARK}.part"


def _number(folder: Path) -> int | None:
    try:
        return int((folder / MARK).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _start(number: int | None) -> str:
    return "no start that is known" if number is None else f"start {number}"
