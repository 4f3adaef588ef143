"""What becomes of workloads in a whole cluster: its scheduler, its kubelet and its network say it, and nobody stands in."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import launched, until
from flare_activation import Activation, ended
from launcher_rigs import PodsRig, pods_lack, pods_rig
from named_cluster import NODE_PORTS

from fedpact.contracts.pact import Resources
from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.adapters.kubernetes import KubernetesLauncher
from fedpact.gateway_agent.adapters.reserved_sockets import ReservedSockets
from fedpact.gateway_agent.app.ports import Life, Observed
from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.pods import Member, Pod, PodName, Runtime
from fedpact.gateway_agent.domain.troubles import Trouble

pytestmark = [pytest.mark.pods, pytest.mark.timeout(240)]  # pods start and end slowly on a busy machine
SECONDS = 90.0


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PodsRig]:
    if lacking := pods_lack():
        pytest.skip(lacking)
    async with pods_rig(tmp_path) as rig:
        yield rig


async def troubled(rig: PodsRig, pod: Pod, phase: Phase) -> Observed:
    """What is observed of the pod, once its trouble is of that phase."""
    await launched(rig.launcher, pod)

    async def there() -> bool:
        return [one.trouble.phase for one in await rig.launcher.observe() if one.trouble] == [phase]

    await until(there, SECONDS)
    (seen,) = await rig.launcher.observe()
    return seen


async def test_what_no_node_has_room_for_waits_and_says_what_is_missing(rig: PodsRig) -> None:
    pod = replace(rig.pod("gateway-1-1"), resources=Resources(cpu=1000, memory=100))
    seen = await troubled(rig, pod, Phase.WAITING)
    text = "the cluster has not enough cpu free"
    assert seen.trouble == Trouble(phase=Phase.WAITING, cause=Cause.CAPACITY, message=text)


async def test_an_image_that_no_registry_has_is_a_failure(rig: PodsRig) -> None:
    pod = replace(rig.pod("gateway-1-1"), image=f"127.0.0.1:9/model@sha256:{'a' * 64}")
    seen = await troubled(rig, pod, Phase.FAILED)
    assert seen.trouble is not None
    assert seen.trouble.cause is Cause.IMAGE


async def test_what_needs_more_memory_than_reserved_is_told_so(rig: PodsRig) -> None:
    pod = rig.running("held = [bytes(range(256)) * 4096 for _ in range(400)]")
    seen = await troubled(rig, pod, Phase.FAILED)
    assert (seen.life, seen.exit_code, seen.out_of_memory) == (Life.EXITED, -9, True)


async def test_the_console_is_what_the_workload_said(rig: PodsRig) -> None:
    pod = rig.running("print('it ends at once')")
    await launched(rig.launcher, pod)

    async def written() -> bool:
        await rig.launcher.observe()
        return pod.log.exists() and pod.log.read_text() == "it ends at once\n"

    await until(written, SECONDS)


class ModestActivation(Activation):
    """Its three pods have room on a small node."""

    def member(self, name: PodName) -> Member:
        return replace(super().member(name), resources=Resources(cpu=0.3, memory=700))


async def test_a_federated_job_runs_in_pods(rig: PodsRig, tmp_path: Path) -> None:
    runtime = Runtime(python="/usr/local/bin/python3", search_path="/usr/local/bin:/usr/bin:/bin", image=rig.image)
    activation = ModestActivation(tmp_path, host=rig.address, runtime=runtime, patience=SECONDS)
    activation.sockets = ReservedSockets(time.monotonic, NODE_PORTS)
    mine = replace(rig.cluster, agent=f"test-{secrets.token_hex(4)}", service="NodePort")
    activation.launcher = launcher = await KubernetesLauncher.connected(mine, kubeconfig=rig.kubeconfig, grace=1)
    try:
        await activation.build()
        session = await activation.start()
        job = await session.submit(activation.job("averaging"), token="once")
        assert (await ended(session, job)).status == Status.COMPLETED
        assert [(one.life, one.trouble) for one in await launcher.observe()] == [(Life.RUNNING, None)] * 3
    finally:
        await asyncio.shield(activation.stop())
        await launcher.close()
