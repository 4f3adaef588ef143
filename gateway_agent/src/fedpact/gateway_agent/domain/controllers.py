"""
Where a process's own control groups are, and what is written to one of them: text in, values out, no I/O.

The two versions of the kernel's interface differ in names and in one rule: a group of version 2 holds either processes
or groups with limits, never both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from fedpact.contracts.pact import Resources

WANTED = ("cpu", "memory", "pids")
PERIOD = 1_000_000
"""
Microseconds in which a workload may use its share of the cores once.

As long as the kernel allows, for what was not used in one may be used in the next: the start of a job is over before a
shorter one would have saved anything up.
"""
WEIGHT = 1024
"""Of one core, when more is wanted than there is; every process that is in no group weighs as much."""
MEGABYTE = 10**6
UNIFIED = ""
"""How `/proc/self/cgroup` names the hierarchy of version 2."""


class Version(IntEnum):
    ONE = 1
    TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """One means of limiting, and the group in which this process may make others."""

    version: Version
    folder: Path


Controllers = Mapping[str, Controller]


def controllers(mounts: str, groups: str) -> Controllers:
    """The controllers this process could use, by its `mountinfo` and `cgroup` files; version 1 goes first."""
    own = dict(_own(groups))
    found: dict[str, Controller] = {}
    for root, point, kind, options in _mounted(mounts):
        names = WANTED if kind == "cgroup2" else tuple(name for name in WANTED if name in options)
        version = Version.TWO if kind == "cgroup2" else Version.ONE
        for name in names:
            path = own.get(UNIFIED if version is Version.TWO else name)
            if path is None or (version is Version.TWO and name in found):
                continue
            found[name] = Controller(version=version, folder=_below(point, root, path))
    return found


def settings(name: str, version: Version, resources: Resources, processes: int) -> Mapping[str, str]:
    """File -> what is written to it, in this order, to hold a group to `resources`."""
    memory = str(resources.memory * MEGABYTE)
    match name, version:
        case "memory", Version.ONE:
            return {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}
        case "memory", _:
            return {"memory.max": memory, "memory.swap.max": "0", "memory.oom.group": "1"}
        case "cpu", _:
            return {}
        case _:
            return {"pids.max": str(processes)}


def share(version: Version, cpu: float) -> Mapping[str, str]:
    """The same for the cores. It comes later, for nobody gains when a workload takes long to begin."""
    quota = str(max(1000, round(cpu * PERIOD)))
    if version is Version.ONE:
        return {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": quota, "cpu.cfs_burst_us": quota}
    return {"cpu.max": f"{quota} {PERIOD}", "cpu.max.burst": quota}


def weight(version: Version, cores: int) -> Mapping[str, str]:
    """What all workloads of an agent together weigh against the processes around them: as much as a machine of them."""
    one = {"cpu.shares": str(WEIGHT * cores)}
    return one if version is Version.ONE else {"cpu.weight": str(min(10_000, 100 * cores))}


def _own(groups: str) -> Iterator[tuple[str, str]]:
    for line in groups.splitlines():
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            yield name, path


def _mounted(mounts: str) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Root, mount point, kind and controllers of each hierarchy that is mounted for writing; version 1 first."""
    found = []
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        place, kind = left.split(), right.split()
        if kind and kind[0] in ("cgroup", "cgroup2") and "rw" in place[5].split(","):
            found.append((place[3], place[4], kind[0], tuple(kind[2].split(","))))
    return iter(sorted(found, key=lambda one: one[2]))


def _below(point: str, root: str, path: str) -> Path:
    """The folder of group `path`, when what is mounted at `point` is group `root`."""
    inside = path.removeprefix(root) if root != "/" else path
    outside = path.startswith("/..") or (root != "/" and not path.startswith(root))
    return Path(point) if outside else Path(point) / inside.lstrip("/")
