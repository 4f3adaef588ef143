"""
What is written to and read from groups of version 2, on folders that look like theirs.

Groups of version 1 are tested as they are, in `integration/gateway_agent/test_control_groups.py`.
"""

from pathlib import Path

import pytest

from fedpact.contracts.pact import Limit, Resources
from fedpact.gateway_agent.adapters import cgroups
from fedpact.gateway_agent.adapters.cgroups import Cgroups
from fedpact.gateway_agent.domain.controllers import Controller, Version

FILES = ("cgroup.procs", "memory.max", "memory.swap.max", "memory.oom.group", "memory.events", "cpu.max", "pids.max")


def group(folder: Path, *controllers: str) -> Path:
    """A folder with the files that the kernel gives a new group."""
    folder.mkdir(parents=True)
    (folder / "cgroup.subtree_control").write_text(" ".join(controllers))
    for name in FILES:
        (folder / name).write_text("")
    return folder


@pytest.fixture
def groups(tmp_path: Path) -> Cgroups:
    names = ("cpu", "memory", "pids")
    places = {name: Controller(version=Version.TWO, folder=tmp_path) for name in names}
    (tmp_path / "cgroup.subtree_control").write_text(" ".join(names))
    group(tmp_path / "fedpact-1", *names)
    group(tmp_path / "fedpact-1" / "s-1.1.client")
    return Cgroups(places=places, agent="fedpact-1", processes=7)


def test_one_folder_holds_a_workload_to_all_limits(groups: Cgroups, tmp_path: Path) -> None:
    folder = tmp_path / "fedpact-1" / "s-1.1.client"
    assert groups.make("s-1.1.client", Resources(cpu=2, memory=100)) == (folder / "cgroup.procs",)
    groups.settle("s-1.1.client", 2)
    said = {name: (folder / name).read_text() for name in FILES if (folder / name).read_text()}
    assert said == {
        "memory.max": "100000000",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "cpu.max": "2000000 1000000",
        "pids.max": "7",
    }


def test_who_is_in_a_group_and_whether_memory_was_the_end_of_one(groups: Cgroups, tmp_path: Path) -> None:
    folder = tmp_path / "fedpact-1" / "s-1.1.client"
    (folder / "cgroup.procs").write_text("12\n13\n")
    (folder / "memory.max").write_text("99999744\n")
    found = groups.folders("s-1.1.client")
    assert cgroups.pids(found) == {12, 13}
    assert cgroups.killed_for_memory(found) == 0
    (folder / "memory.events").write_text("low 0\noom 3\noom_kill 1\n")
    assert cgroups.killed_for_memory(found) == 100


def test_a_group_that_was_never_made_is_empty_and_gone(groups: Cgroups) -> None:
    never = groups.folders("s-9.1.client")
    assert cgroups.pids(never) == frozenset()
    assert cgroups.killed_for_memory(never) == 0
    assert cgroups.remove(never)


def test_what_cannot_be_limited_is_not_claimed(tmp_path: Path) -> None:
    places = {"memory": Controller(version=Version.TWO, folder=tmp_path / "read only"), "pids": nowhere()}
    assert Cgroups.found("fedpact-1", set(Limit), places) is None


def nowhere() -> Controller:
    return Controller(version=Version.ONE, folder=Path("/nowhere"))
