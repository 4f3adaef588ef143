"""Launchers with the means to disturb what they launched: whoever passes the contract does so with one of these."""

import asyncio
import atexit
import contextlib
import functools
import json
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL
from typing import Protocol, TypeVar

import pytest
from agent_values import CLIENT_NAME, SERVER_NAME, until, waiting_pod
from docker.models.containers import Container
from engine import engine, image_lacks, inspected
from fake_cluster import fake_cluster
from lightkube import ApiError, AsyncClient, KubeConfig
from lightkube.resources.core_v1 import Pod as ClusterPod
from lightkube.resources.rbac_authorization_v1 import Role, RoleBinding
from lightkube.types import PatchType
from named_cluster import cluster_here, cluster_lacks, model_image
from real_cluster import AGENT, ApiServer, api_server, api_server_lacks, kubeconfig
from servers import missing

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.adapters.confinement import UNCONFINED, Confinement
from fedpact.gateway_agent.adapters.docker import DockerLauncher
from fedpact.gateway_agent.adapters.kubernetes import KubernetesLauncher
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.adapters.reflector import name_of
from fedpact.gateway_agent.adapters.scripted import ScriptedLauncher, World
from fedpact.gateway_agent.app.ports import Launcher, Life, Observed, Ref, Stage
from fedpact.gateway_agent.domain import manifests, marks
from fedpact.gateway_agent.domain.containers import Yard
from fedpact.gateway_agent.domain.errors import LaunchError
from fedpact.gateway_agent.domain.manifests import Cluster
from fedpact.gateway_agent.domain.pods import Pod

R = TypeVar("R", bound="KubernetesRig")
PYTHON_IMAGE = "python:3.11-slim-bookworm"
OBEDIENT = """
import pathlib, time
order = pathlib.Path("exit")
while not order.exists():
    time.sleep(0.02)
raise SystemExit(int(order.read_text()))
"""


class Rig(Protocol):
    """A launcher and the means to disturb it."""

    launcher: Launcher
    limits: tuple[str, ...]
    """What it has to claim on this machine."""

    def pod(self, participant: str) -> Pod: ...

    def impossible(self) -> Pod:
        """A pod whose launch fails after its name is taken."""
        ...

    async def restarted(self) -> Launcher:
        """The launcher of the agent's next process."""
        ...

    async def end(self, pod: Pod, code: int) -> None:
        """Has the workload exit by itself."""
        ...


class ScriptedRig:
    limits: tuple[str, ...] = ()

    def __init__(self, root: Path) -> None:
        self.root = root
        self.world = World()
        self.launcher: Launcher = ScriptedLauncher(self.world)

    def pod(self, participant: str) -> Pod:
        return waiting_pod(self.root, participant)

    def impossible(self) -> Pod:
        self.world.failures["gateway-9-1", Stage.RUNNING] = LaunchError("scripted")
        return self.pod("gateway-9-1")

    async def restarted(self) -> Launcher:
        return ScriptedLauncher(self.world)

    async def end(self, pod: Pod, code: int) -> None:
        self.world.ends(pod.name, code)


class ProcessRig:
    def __init__(self, root: Path, confinement: Confinement = UNCONFINED) -> None:
        self.root = root
        self.confinement = confinement
        self.limits = confinement.limits
        self.launcher: Launcher = self._launcher()

    def pod(self, participant: str) -> Pod:
        return waiting_pod(self.root, participant, program=OBEDIENT)

    def impossible(self) -> Pod:
        return replace(self.pod("gateway-9-1"), command=("/nowhere/python",))

    async def restarted(self) -> Launcher:
        return self._launcher()

    async def end(self, pod: Pod, code: int) -> None:
        half = pod.kit / "half"
        half.write_text(str(code))
        half.rename(pod.kit / "exit")

    def _launcher(self) -> ProcessLauncher:
        return ProcessLauncher(self.root / "state", grace=5.0, confinement=self.confinement)


@dataclass
class DockerRig:
    """`yard` names an agent of this rig's own, so that tests do not see each other's containers."""

    root: Path
    yard: Yard
    launcher: DockerLauncher
    limits: tuple[str, ...]
    close: contextlib.AsyncExitStack

    def pod(self, participant: str) -> Pod:
        return self.running(OBEDIENT, participant)

    def running(self, program: str, participant: str = "gateway-1-1") -> Pod:
        """A pod that runs `program` in a container."""
        pod = waiting_pod(self.root, participant)
        image = inspected(PYTHON_IMAGE)["Id"]
        return replace(pod, image=image, command=("/usr/local/bin/python3", "-u", "-c", program))

    def impossible(self) -> Pod:
        """Its port is somebody else's, which an engine notices only when it starts the container."""
        taken = self.close.enter_context(socket.create_server(("127.0.0.1", 0)))
        return replace(self.pod("gateway-9-1"), port=taken.getsockname()[1])

    async def restarted(self) -> DockerLauncher:
        launcher = await DockerLauncher.connected(self.yard, grace=1)
        self.close.push_async_callback(launcher.close)
        return launcher

    async def end(self, pod: Pod, code: int) -> None:
        (found,) = containers_of(self.yard, pod)
        assert found.exec_run(["sh", "-c", f"echo {code} > half && mv half exit"]).exit_code == 0


def containers_of(yard: Yard, pod: Pod) -> list[Container]:
    chosen = [f"{marks.AGENT}={yard.agent}", f"{marks.PARTICIPANT}={pod.name.participant}"]
    return engine().containers.list(all=True, filters={"label": chosen}, ignore_removed=True)


def engine_limits() -> tuple[str, ...]:
    said = engine().info()
    means = (("cpu", "CpuCfsQuota"), ("memory", "MemoryLimit"), ("processes", "PidsLimit"))
    return tuple(limit for limit, means_by in means if said[means_by])


@dataclass
class KubernetesRig:
    """A launcher as the agent, and an administrator who stands in for the kubelet."""

    root: Path
    cluster: Cluster
    kubeconfig: Path
    admin: AsyncClient
    launcher: KubernetesLauncher
    close: contextlib.AsyncExitStack
    limits: tuple[str, ...] = ("cpu", "memory")

    def pod(self, participant: str) -> Pod:
        pod = waiting_pod(self.root, participant)
        for part in ("startup/client.key", "local/resources.json"):
            (pod.kit / part).parent.mkdir(exist_ok=True)
            (pod.kit / part).write_text("secret")
        port = 30100 if participant == "server" else 0
        return replace(pod, image=f"registry.example/model@sha256:{'a' * 64}", port=port)

    def impossible(self) -> Pod:
        return replace(self.pod("gateway-9-1"), env={"no name": "for a variable"})

    async def restarted(self) -> KubernetesLauncher:
        launcher = await KubernetesLauncher.connected(self.cluster, kubeconfig=self.kubeconfig, grace=1)
        self.close.push_async_callback(launcher.close)
        return launcher

    async def end(self, pod: Pod, code: int) -> None:
        await self.becomes(
            pod, "Failed" if code else "Succeeded", {"terminated": {"exitCode": code, "reason": "Error"}}
        )

    async def becomes(self, pod: Pod, phase: str, state: dict[str, object] | None = None, **more: object) -> None:
        """What a kubelet would say of it."""
        status: dict[str, object] = {"phase": phase, **more}
        if state is not None:
            running = {"name": "workload", "ready": False, "restartCount": 0, "image": "x", "imageID": "x"}
            status["containerStatuses"] = [{**running, "state": state}]
        name = marks.object_name(self.cluster.agent, pod.name)
        await self.admin.patch(ClusterPod.Status, name, {"status": status}, patch_type=PatchType.MERGE)


@dataclass
class PodsRig(KubernetesRig):
    """In a whole cluster, whose pods really run, of `image`. `address` is where its nodes are reached."""

    image: str = ""
    address: str = ""

    def pod(self, participant: str) -> Pod:
        return self.running(OBEDIENT, participant)

    def running(self, program: str, participant: str = "gateway-1-1") -> Pod:
        """A pod that runs `program`, and has room on a small node that others use too."""
        pod = super().pod(participant)
        command = ("/usr/local/bin/python3", "-u", "-c", program)
        return replace(pod, image=self.image, command=command, resources=Resources(cpu=0.1, memory=100))

    async def end(self, pod: Pod, code: int) -> None:
        name = marks.object_name(self.cluster.agent, pod.name)
        await self._kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        # Later, for a command whose container ends may never return.
        order = f"(sleep 1; echo {code} > half; mv half exit) > /dev/null 2>&1 &"
        await self._kubectl("exec", name, "--", "sh", "-c", order)

    async def settled(self) -> bool:
        """Nothing is just being made: what a kubelet has not made yet, it takes half a minute to end."""
        stuck = {one.ref.handle for one in await self.launcher.observe() if one.trouble}
        mine = self.admin.list(ClusterPod, labels={marks.AGENT: self.cluster.agent})
        return {name_of(one) async for one in mine if one.status and one.status.phase == "Pending"} <= stuck

    async def _kubectl(self, *words: str) -> None:
        command = ("kubectl", f"--kubeconfig={self.kubeconfig}", f"--namespace={self.cluster.namespace}", *words)
        process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL)
        assert await process.wait() == 0, words


async def _cleaned(rig: Rig) -> None:
    """Ends what is left. Stopping also waits for the children of a launcher whose successor ended them."""
    for name in (SERVER_NAME, CLIENT_NAME, SERVER_NAME.sibling("gateway-9-1")):
        with contextlib.suppress(LaunchError):  # as agents do, try again: an old kubelet may need more than a minute
            await rig.launcher.stop(Ref(name=name))
        await rig.launcher.stop(Ref(name=name))
    assert await rig.launcher.observe() == []


@asynccontextmanager
async def scripted_rig(root: Path) -> AsyncIterator[Rig]:
    rig = ScriptedRig(root)
    yield rig
    await _cleaned(rig)


@asynccontextmanager
async def process_rig(root: Path) -> AsyncIterator[ProcessRig]:
    rig = ProcessRig(root)
    yield rig
    await _cleaned(rig)


@asynccontextmanager
async def confined_rig(root: Path) -> AsyncIterator[ProcessRig]:
    """With whatever this machine has to hold processes by."""
    confinement = Confinement.found(root / "state", hidden=(root,))
    rig = ProcessRig(root, confinement)
    yield rig
    await _cleaned(rig)
    assert not any(folder.exists() for name in (SERVER_NAME, CLIENT_NAME) for folder in confinement.groups(name))


@asynccontextmanager
async def docker_rig(root: Path) -> AsyncIterator[DockerRig]:
    yard = Yard(agent=f"test-{secrets.token_hex(4)}")
    async with contextlib.AsyncExitStack() as close:
        launcher = await DockerLauncher.connected(yard, grace=1)
        close.push_async_callback(launcher.close)
        rig = DockerRig(root=root, yard=yard, launcher=launcher, limits=engine_limits(), close=close)
        try:
            yield rig
        finally:
            await _cleaned(rig)


@asynccontextmanager
async def kubernetes_rig(
    root: Path, agent_config: Path, admin_config: Path, kind: Callable[..., R] = KubernetesRig
) -> AsyncIterator[R]:
    """A rig in the cluster that these files name."""
    cluster = Cluster(agent=f"test-{secrets.token_hex(4)}", namespace="default")
    async with contextlib.AsyncExitStack() as close:
        admin = AsyncClient(config=KubeConfig.from_file(admin_config), namespace="default", trust_env=False)
        close.push_async_callback(admin.close)
        launcher = await KubernetesLauncher.connected(cluster, kubeconfig=agent_config, grace=1)
        close.push_async_callback(launcher.close)
        rig = kind(root, cluster, agent_config, admin, launcher, close)
        try:
            yield rig
        finally:
            await _cleaned(rig)


@asynccontextmanager
async def fake_kubernetes_rig(root: Path) -> AsyncIterator[KubernetesRig]:
    async with fake_cluster() as (_, url), kubernetes_rig(root, config := config_at(root, url), config) as rig:
        yield rig


@asynccontextmanager
async def real_kubernetes_rig(root: Path) -> AsyncIterator[KubernetesRig]:
    """The agent has exactly the rights that we say it needs."""
    server = shared_api_server()
    agent, admin = (server.kubeconfig(user, root) for user in (AGENT, "admin"))
    await grant(admin)
    async with kubernetes_rig(root, agent, admin) as rig:
        yield rig


@asynccontextmanager
async def pods_rig(root: Path) -> AsyncIterator[PodsRig]:
    """Where FEDPACT_TEST_KUBECONFIG says, with its user's rights: to give an agent less would leave a role there."""
    cluster, lacking = await cluster_here()
    if cluster is None:
        pytest.skip(lacking)
    made = functools.partial(PodsRig, image=model_image(), address=cluster.address)
    async with kubernetes_rig(root, cluster.kubeconfig, cluster.kubeconfig, made) as rig:
        yield rig
        await until(rig.settled, 60.0)


def config_at(root: Path, url: str) -> Path:
    path = root / "cluster.json"
    path.write_text(json.dumps(kubeconfig({"server": url}, {"token": "anything"})))
    return path


async def grant(admin_config: Path) -> None:
    admin = AsyncClient(config=KubeConfig.from_file(admin_config), namespace="default", trust_env=False)
    subject = {"kind": "User", "name": AGENT, "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"kind": "Role", "name": "agent", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "agent"}, "subjects": [subject], "roleRef": reference}
    role = manifests.role(Cluster(agent="any", namespace="default"), "agent")
    try:
        for one in (Role.from_dict(role), RoleBinding.from_dict(binding)):
            with contextlib.suppress(ApiError):  # another test has done it
                await admin.create(one)
    finally:
        await admin.close()


@functools.cache
def shared_api_server() -> ApiServer:
    """One for all tests of a process; it ends with the process."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fedpact-cluster-")))
    return stack.enter_context(api_server(folder))


def nothing_lacks() -> str:
    return ""


def docker_lacks() -> str:
    return image_lacks(PYTHON_IMAGE, f"docker pull {PYTHON_IMAGE}")


def pods_lack() -> str:
    return cluster_lacks() or missing("kubectl") or ""


Opened = Callable[[Path], AbstractAsyncContextManager[Rig]]
RIGS: dict[str, tuple[Opened, Callable[[], str]]] = {
    "scripted": (scripted_rig, nothing_lacks),
    "processes": (process_rig, nothing_lacks),
    "confined-processes": (confined_rig, nothing_lacks),
    "docker": (docker_rig, docker_lacks),
    "fake-kubernetes": (fake_kubernetes_rig, nothing_lacks),
    "kubernetes": (real_kubernetes_rig, api_server_lacks),
    "pods": (pods_rig, pods_lack),
}
"""Name -> how to get a rig, and why this machine has none (empty: it has)."""
MARKS = {"docker": pytest.mark.containers, "kubernetes": pytest.mark.containers, "pods": pytest.mark.pods}
RIG_PARAMS = [pytest.param(name, marks=MARKS.get(name, ())) for name in RIGS]


def short(observed: Sequence[Observed]) -> list[tuple[str, Life, int | None]]:
    return [(one.name.participant, one.life, one.exit_code) for one in observed]
