"""
Finding and ending every process of a workload, whatever it did to hide.

FLARE starts each job in a session of its own, so a signal to the parent's group misses it, and a job whose parent
was killed is nobody's child. What stays is the mark: an environment variable that every descendant inherits. A
workload is therefore: the process that was recorded, all that carry the mark, all whose command line or working
directory names its kit, and the descendants of those.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

MARK = "FEDPACT_WORKLOAD"
GRACE = 10.0
"""Seconds between asking a process to end and killing it."""
ROUNDS = 20
"""How often to look again for what was started while we killed."""
SAME = 1.0
"""Seconds by which the reported start of one process may differ between two readings."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the processes of one workload have in common, and the first of them if it is known (`pid` not 0)."""

    mark: str
    kit: Path | None = None
    pid: int = 0
    created: float = 0.0


def marks() -> dict[str, psutil.Process]:
    """Every mark a living process carries -> the oldest process that does."""
    found: dict[str, psutil.Process] = {}
    for process in sorted(_living(), key=_created):
        mark = _mark(process)
        if mark:
            found.setdefault(mark, process)
    return found


def is_alive(trace: Trace) -> bool:
    """Whether the recorded process lives: the same one, not another that got its number."""
    try:
        process = psutil.Process(trace.pid)
    except psutil.NoSuchProcess:
        return False
    return bool(trace.pid) and _is_living(process) and _belongs(process, trace)


def end(trace: Trace, grace: float = GRACE, known: Callable[[], Collection[int]] = tuple) -> bool:
    """Ends all of a workload; false when something of it would not die. `known` are processes that surely are of it."""
    deadline = time.monotonic() + grace
    for _ in range(ROUNDS):
        processes = _with_descendants([*_of(trace), *_numbered(known())])
        if not processes:
            return True
        _each(processes, psutil.Process.terminate)
        _, stubborn = psutil.wait_procs(processes, timeout=max(0.0, deadline - time.monotonic()))
        _each(stubborn, psutil.Process.kill)
        psutil.wait_procs(stubborn, timeout=1.0)
    return not [*_of(trace), *_numbered(known())]


def _of(trace: Trace) -> list[psutil.Process]:
    return [process for process in _living() if _belongs(process, trace)]


def _numbered(pids: Collection[int]) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if process.pid in pids and _is_living(process)] if pids else []


def _living() -> list[psutil.Process]:
    me = os.getpid()
    return [process for process in psutil.process_iter() if process.pid != me and _is_living(process)]


def _is_living(process: psutil.Process) -> bool:
    return _ask(psutil.Process.status, process, psutil.STATUS_ZOMBIE) != psutil.STATUS_ZOMBIE


def _belongs(process: psutil.Process, trace: Trace) -> bool:
    if _mark(process) == trace.mark or _is_first(process, trace):
        return True
    if trace.kit is None:
        return False
    nothing: list[str] = []
    return str(trace.kit) in _ask(psutil.Process.cmdline, process, nothing) or _works_in(process, trace.kit)


def _is_first(process: psutil.Process, trace: Trace) -> bool:
    """Whether it is the recorded one: a process may overwrite the environment it shows, but not when it began."""
    return process.pid == trace.pid and abs(_created(process) - trace.created) < SAME


def _works_in(process: psutil.Process, kit: Path) -> bool:
    """Whether it runs inside the kit without a terminal: a person's shell there is no workload."""
    folder = _ask(psutil.Process.cwd, process, "")
    if not (folder and Path(folder).is_relative_to(kit)):
        return False
    unknown: str | None = "?"
    return _ask(psutil.Process.terminal, process, unknown) is None


def _mark(process: psutil.Process) -> str:
    nothing: dict[str, str] = {}
    return _ask(psutil.Process.environ, process, nothing).get(MARK, "")


def _with_descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    found: dict[psutil.Process, None] = {}
    for process in processes:
        found[process] = None
        none: list[psutil.Process] = []
        found.update(dict.fromkeys(_ask(_descendants, process, none)))
    return list(found)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    return process.children(recursive=True)


def _each(processes: Iterable[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        _ask(act, process, None)


def _created(process: psutil.Process) -> float:
    return _ask(psutil.Process.create_time, process, 0.0)


def _ask(question: Callable[[psutil.Process], T], process: psutil.Process, otherwise: T) -> T:
    """The answer, or `otherwise` from a process that is gone or another user's."""
    try:
        return question(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return otherwise
