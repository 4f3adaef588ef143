"""Where a process finds its own control groups, and what is written to one."""

from pathlib import Path

import pytest

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.domain.controllers import Version, controllers, settings, share, weight

ONE, TWO = Version.ONE, Version.TWO
V1 = """\
25 20 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw
26 25 0:23 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
27 25 0:24 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
28 25 0:25 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
29 25 0:26 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
"""
HYBRID = f"{V1}30 25 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
V2 = "30 25 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
OWN_V1 = "9:memory:/machine/one\n4:pids:/\n3:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n"
OWN_V2 = "0::/system.slice/agent.service\n"


@pytest.mark.parametrize(
    ("mounts", "groups", "found"),
    [
        (V1, OWN_V1, {"cpu": "cpu,cpuacct", "memory": "memory/machine/one", "pids": "pids"}),
        (HYBRID, OWN_V1, {"cpu": "cpu,cpuacct", "memory": "memory/machine/one", "pids": "pids"}),
        (V2, OWN_V2, dict.fromkeys(("cpu", "memory", "pids"), "system.slice/agent.service")),
        (V2.replace(" rw,nosuid ", " ro,nosuid "), OWN_V2, {}),
        (
            V2.replace(" / /sys", " /system.slice /sys"),
            OWN_V2,
            dict.fromkeys(("cpu", "memory", "pids"), "agent.service"),
        ),
        (V2, "0::/../outside\n", dict.fromkeys(("cpu", "memory", "pids"), "")),
        ("", OWN_V2, {}),
    ],
)
def test_a_process_finds_its_own_groups(mounts: str, groups: str, found: dict[str, str]) -> None:
    seen = {name: one.folder for name, one in controllers(mounts, groups).items()}
    assert seen == {name: Path("/sys/fs/cgroup") / folder for name, folder in found.items()}


def test_version_one_goes_first_where_both_are_mounted() -> None:
    assert {one.version for one in controllers(HYBRID, OWN_V1).values()} == {ONE}
    assert {one.version for one in controllers(V2, OWN_V2).values()} == {TWO}


ASKED = Resources(cpu=0.5, memory=512)


@pytest.mark.parametrize(
    ("name", "version", "written"),
    [
        ("memory", ONE, {"memory.limit_in_bytes": "512000000", "memory.memsw.limit_in_bytes": "512000000"}),
        ("memory", TWO, {"memory.max": "512000000", "memory.swap.max": "0", "memory.oom.group": "1"}),
        ("pids", ONE, {"pids.max": "99"}),
        ("pids", TWO, {"pids.max": "99"}),
    ],
)
def test_what_holds_a_group_from_its_beginning(name: str, version: Version, written: dict[str, str]) -> None:
    assert settings(name, version, ASKED, 99) == written


def test_the_share_of_the_cores_and_what_may_be_saved_of_it() -> None:
    first = {"cpu.cfs_period_us": "1000000", "cpu.cfs_quota_us": "500000", "cpu.cfs_burst_us": "500000"}
    assert share(ONE, 0.5) == first
    assert share(TWO, 0.5) == {"cpu.max": "500000 1000000", "cpu.max.burst": "500000"}
    assert share(TWO, 0.0001)["cpu.max"] == "1000 1000000"


def test_all_workloads_together_weigh_as_much_as_the_machine_has_cores() -> None:
    assert weight(ONE, 2) == {"cpu.shares": "2048"}
    assert (weight(TWO, 2), weight(TWO, 400)) == ({"cpu.weight": "200"}, {"cpu.weight": "10000"})
