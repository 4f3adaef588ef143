"""
Memory, cores and processes of a workload are limited: real control groups, and the workload's own experience.

The tests say what this machine lacks where they cannot be run.
"""

import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import launched, until
from confined_site import ConfinedSite, site_with

from fedpact.contracts.pact import Limit
from fedpact.contracts.workloads import Cause
from fedpact.gateway_agent.adapters.confinement import UNCONFINED, Confinement
from fedpact.gateway_agent.domain.controllers import Version

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[ConfinedSite]:
    async with site_with(tmp_path, Limit.CPU, Limit.MEMORY, Limit.PROCESSES) as site:
        yield site


QUOTA = {Version.ONE: "cpu.cfs_quota_us", Version.TWO: "cpu.max"}
HUNGRY = "held = []\nwhile True: held.append(bytearray(10**6))"


async def test_a_workload_that_needs_more_memory_than_is_reserved_ends_and_the_site_knows_why(
    held: ConfinedSite,
) -> None:
    code, _ = await held.ended(held.pod(HUNGRY, memory=60))
    seen = await held.seen()
    assert seen is not None
    assert (code, seen.out_of_memory) == (-signal.SIGKILL, True)
    assert seen.trouble is not None
    assert (seen.trouble.cause, "60 MB" in seen.trouble.message) == (Cause.RESOURCES, True)


async def test_memory_is_counted_over_all_that_a_workload_starts(held: ConfinedSite) -> None:
    program = f"import subprocess, sys, signal; subprocess.run([sys.executable, '-c', {HUNGRY!r}]); signal.pause()"
    pod = held.pod(program, memory=60)
    await held.ended(pod)
    seen = await held.seen()
    assert seen is not None
    assert seen.out_of_memory
    assert [one.out_of_memory for one in await held.next().observe()] == [True]
    await held.launcher.stop(seen.ref)
    assert not any(folder.exists() for folder in held.confinement.groups(pod.name))


FORKS = """
import os, sys, time
started = 0
try:
    while started < 200:
        if not os.fork():
            time.sleep(60)
            os._exit(0)
        started += 1
except BlockingIOError:
    pass
print(started, flush=True)
os.kill(0, 9)
"""


async def test_a_workload_starts_only_so_many_processes(held: ConfinedSite) -> None:
    assert held.confinement.cgroups is not None
    few = replace(held.confinement, cgroups=replace(held.confinement.cgroups, processes=20))
    launcher = replace(held.launcher, confinement=few)
    pod = held.pod(FORKS)
    checkpoint = await launched(launcher, pod)

    async def counted() -> bool:
        return pod.log.read_text().endswith("\n")

    await until(counted)
    assert int(pod.log.read_text()) < 20
    await launcher.stop(checkpoint.ref)


async def test_a_workload_that_has_begun_gets_its_share_of_the_cores_and_no_more(held: ConfinedSite) -> None:
    """Also when another agent launched it: what is counted is the age of the workload."""
    pod = held.pod("while True: pass", cpu=0.1)
    await launched(held.launcher, pod)
    await held.launcher.observe()
    assert held.confinement.cgroups is not None
    place = held.confinement.cgroups.places["cpu"].folder / held.confinement.cgroups.agent / str(pod.name)

    assert (place / QUOTA[held.confinement.cgroups.places["cpu"].version]).read_text().split()[0] in ("-1", "max")
    successor = replace(held.next(), beginning=0.0)

    async def throttled() -> bool:
        await successor.observe()
        counts = dict(line.split() for line in (place / "cpu.stat").read_text().splitlines())
        return int(counts["nr_throttled"]) > 0

    await until(throttled, 30)


async def test_nothing_is_dumped_of_what_a_workload_held(held: ConfinedSite) -> None:
    program = "import json, resource; print(json.dumps(resource.getrlimit(resource.RLIMIT_CORE)))"
    assert await held.said(held.pod(program)) == [0, 0]


async def test_without_groups_a_process_may_not_hold_more_than_all_of_them_may(tmp_path: Path) -> None:
    program = "import json, resource; print(json.dumps(resource.getrlimit(resource.RLIMIT_DATA)))"
    async with site_with(tmp_path) as site:
        assert site.confinement.limits == ()
        assert await site.said(site.pod(program, memory=500)) == [1500 * 10**6] * 2


def test_a_machine_without_the_means_claims_nothing(tmp_path: Path) -> None:
    assert Confinement.found(tmp_path, ()).limits == ()


async def test_what_an_agent_left_is_removed_by_one_that_makes_its_groups_elsewhere(held: ConfinedSite) -> None:
    """Or none any more: where a workload's groups are is written down with it."""
    pod = held.pod("import signal; signal.pause()")
    checkpoint = await launched(held.launcher, pod)
    successor = replace(held.next(), confinement=UNCONFINED)
    assert len(await successor.observe()) == 1
    await successor.stop(checkpoint.ref)
    assert held.remains() == []
    await held.launcher.stop(checkpoint.ref)  # waits for its child
