"""
The kernel's control groups, of either version, where this process may make some: what holds a workload to its limits.

A workload has a group of its own, called after it, below one of this agent's. Its place is known before it is made, so
the next agent finds it after a crash, wherever that agent itself was put; and what it counted (was anything killed for
memory?) is still there. A group goes when nothing of its workload is left.
"""

import contextlib
import errno
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from fedpact.contracts.pact import Limit, Resources
from fedpact.gateway_agent.domain.controllers import (
    Controller,
    Controllers,
    Version,
    controllers,
    settings,
    share,
    weight,
)

PROC = Path("/proc/self")
OTHERS = "fedpact-others"
"""Where the processes go that stand where groups are to be made: a group of version 2 has either."""
MEGABYTE = 10**6
TRIED, TRIAL = "trial", Resources(cpu=1.0, memory=64)
"""A group that no workload is called after; one that was left when an agent was killed is the next one's."""
PROCESSES = 4096
LEAVING_SECONDS = 2.0
COUNTED = (("memory.oom_control", "memory.limit_in_bytes"), ("memory.events", "memory.max"))
"""By version: which file counts those that were killed for memory, and which says what they had."""
LIMITS = {"memory": Limit.MEMORY, "cpu": Limit.CPU, "pids": Limit.PROCESSES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroups:
    """Groups below `agent`, one folder of that name per controller."""

    places: Controllers
    agent: str
    processes: int = PROCESSES

    @classmethod
    def found(cls, agent: str, wanted: Collection[Limit], places: Controllers | None = None) -> Self | None:
        """Those controllers for `wanted` that this process really may use; `None` when there is none."""
        if places is None:
            places = controllers((PROC / "mountinfo").read_text(), (PROC / "cgroup").read_text())
        trials = [
            cls(places={name: _beside(place)}, agent=agent) for name, place in places.items() if LIMITS[name] in wanted
        ]
        usable = {name: place for trial in trials if trial.works() for name, place in trial.places.items()}
        return cls(places=usable, agent=agent) if usable else None

    @property
    def limits(self) -> tuple[Limit, ...]:
        return tuple(LIMITS[name] for name in sorted(self.places))

    def works(self) -> bool:
        """Tried: a group is made, limited, looked at again and removed."""
        try:
            self.make(TRIED, TRIAL)
            self.settle(TRIED, TRIAL.cpu)
            return all(_took(self._folder(name, TRIED), name, place) for name, place in self.places.items())
        except OSError:
            return False
        finally:
            remove(self.folders(TRIED))

    def make(self, name: str, resources: Resources) -> tuple[Path, ...]:
        """The group's own files of processes: who writes itself into all of them is held."""
        for controller in self.places:
            folder = self._folder(controller, name)
            self._make(folder, controller)
            _set(folder, settings(controller, self.places[controller].version, resources, self.processes))
        return tuple(folder / "cgroup.procs" for folder in self.folders(name))

    def settle(self, name: str, cpu: float) -> None:
        """Hold the group to its share of the cores from now on."""
        if "cpu" in self.places:
            _set(self._folder("cpu", name), share(self.places["cpu"].version, cpu))

    def folders(self, name: str) -> tuple[Path, ...]:
        """Where the group is, or would be; each once, for in version 2 all controllers share one."""
        return tuple(dict.fromkeys(self._folder(controller, name) for controller in self.places))

    def _folder(self, controller: str, name: str) -> Path:
        return self.places[controller].folder / self.agent / name

    def _make(self, folder: Path, controller: str) -> None:
        if self.places[controller].version is Version.TWO:
            for above in (self.places[controller].folder, folder.parent):
                above.mkdir(exist_ok=True)
                _hand_down(above, controller)
        folder.mkdir(parents=True, exist_ok=True)
        if controller == "cpu":
            _set(folder.parent, weight(self.places[controller].version, os.cpu_count() or 1))


def pids(folders: Collection[Path]) -> frozenset[int]:
    """Every process in a group."""
    found: set[int] = set()
    for folder in folders:
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in (folder / "cgroup.procs").read_text().split())
    return frozenset(found)


def killed_for_memory(folders: Collection[Path]) -> int:
    """The megabytes that were not enough, when a process of the group was killed for want of more; else 0."""
    for folder in folders:
        for counted, limit in COUNTED:
            with contextlib.suppress(OSError, ValueError):
                counts = dict(line.split() for line in (folder / counted).read_text().splitlines())
                if int(counts.get("oom_kill", 0)):
                    return round(int((folder / limit).read_text()) / MEGABYTE)
    return 0


def remove(folders: Collection[Path]) -> bool:
    """Forget a group, and the agent's own with the last of them; false when somebody is still in it."""
    deadline = time.monotonic() + LEAVING_SECONDS
    while not all(_removed(folder) for folder in folders):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    for folder in folders:
        _removed(folder.parent)
    return True


def _beside(place: Controller) -> Controller:
    """The group itself, for one who was asked to step aside in it."""
    return replace(place, folder=place.folder.parent) if place.folder.name == OTHERS else place


def _hand_down(folder: Path, controller: str) -> None:
    """Let groups below `folder` have the controller; processes that stand in the way step aside."""
    file = folder / "cgroup.subtree_control"
    if controller in file.read_text().split():
        return
    try:
        _write(file, f"+{controller}")
    except OSError as refused:
        if refused.errno != errno.EBUSY:
            raise
        aside = folder / OTHERS
        aside.mkdir(exist_ok=True)
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                _write(aside / "cgroup.procs", pid)
        _write(file, f"+{controller}")


def _took(folder: Path, name: str, place: Controller) -> bool:
    """Whether the first of what was set is what the kernel says now."""
    wanted = share(place.version, TRIAL.cpu) if name == "cpu" else settings(name, place.version, TRIAL, PROCESSES)
    file, value = next(iter(wanted.items()))
    return (folder / file).read_text().split() == value.split()


def _set(folder: Path, wanted: Mapping[str, str]) -> None:
    for file, value in wanted.items():
        with contextlib.suppress(FileNotFoundError):  # not every kernel counts swap, or knows bursts
            _write(folder / file, value)


def _write(path: Path, text: str) -> None:
    """Without creating anything: a group has the files it has."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _removed(folder: Path) -> bool:
    """Whether a group is gone; one that was never there is."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
