"""What the Kubernetes launcher adds to what every launcher promises: on a fake API server, and on a real one where it can."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from agent_values import CLIENT_NAME, launched, until
from fake_cluster import Cluster as FakeCluster
from fake_cluster import fake_cluster
from launcher_rigs import KubernetesRig, config_at, kubernetes_rig, real_kubernetes_rig, short
from lightkube.resources.core_v1 import Pod as ClusterPod
from lightkube.resources.core_v1 import Secret, Service
from lightkube.resources.networking_v1 import NetworkPolicy
from real_cluster import api_server_lacks

from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.adapters import reflector
from fedpact.gateway_agent.adapters.kubernetes import KubernetesLauncher
from fedpact.gateway_agent.app.ports import Life, Ref
from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.errors import ImageMissingError, LaunchError
from fedpact.gateway_agent.domain.manifests import RIGHTS, Cluster
from fedpact.gateway_agent.domain.pods import Pod

pytestmark = pytest.mark.timeout(90)  # a real API server takes its time to start on a busy machine
KINDS = (ClusterPod, Secret, Service, NetworkPolicy)


@dataclass
class Fake:
    rig: KubernetesRig
    cluster: FakeCluster


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[Fake]:
    async with fake_cluster() as (cluster, url):
        config = config_at(tmp_path, url)
        async with kubernetes_rig(tmp_path, config, config) as rig:
            yield Fake(rig, cluster)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.containers)])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KubernetesRig]:
    if request.param == "fake":
        async with (
            fake_cluster() as (_, url),
            kubernetes_rig(tmp_path, config := config_at(tmp_path, url), config) as rig,
        ):
            yield rig
        return
    if lacking := api_server_lacks():
        pytest.skip(lacking)
    async with real_kubernetes_rig(tmp_path) as rig:
        yield rig


async def held(rig: KubernetesRig) -> dict[str, int]:
    """Kind -> how many objects of this rig's agent there are."""
    mine = {marks.AGENT: rig.cluster.agent}
    return {kind.__name__: len([one async for one in rig.admin.list(kind, labels=mine)]) for kind in KINDS}


async def troubled(rig: KubernetesRig, phase: Phase) -> tuple[Cause, str]:
    """What is said of the one workload, once its trouble is of that phase."""

    async def there() -> bool:
        return [one.trouble.phase for one in await rig.launcher.observe() if one.trouble] == [phase]

    await until(there)
    (seen,) = await rig.launcher.observe()
    assert seen.trouble is not None
    return seen.trouble.cause, seen.trouble.message


async def test_a_server_is_a_policy_a_secret_a_service_and_a_pod_and_nothing_is_left_of_it(rig: KubernetesRig) -> None:
    checkpoint = await launched(rig.launcher, rig.pod("server"))
    assert await held(rig) == {"Pod": 1, "Secret": 1, "Service": 1, "NetworkPolicy": 1}
    await rig.launcher.stop(checkpoint.ref)
    assert await held(rig) == {"Pod": 0, "Secret": 0, "Service": 0, "NetworkPolicy": 0}


async def test_what_the_cluster_has_no_room_for_waits_and_says_what_is_missing(rig: KubernetesRig) -> None:
    pod = rig.pod("gateway-1-1")
    await launched(rig.launcher, pod)
    message = "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    await rig.becomes(pod, "Pending", conditions=[condition])
    said = await troubled(rig, Phase.WAITING)
    assert said == (Cause.CAPACITY, "the cluster has not enough cpu, nvidia.com/gpu free")
    assert [one.life for one in await rig.launcher.observe()] == [Life.RUNNING]
    await rig.becomes(pod, "Running", {"running": {}}, conditions=[{**condition, "status": "True"}])

    async def well() -> bool:
        return [one.trouble for one in await rig.launcher.observe()] == [None]

    await until(well)


async def test_an_image_that_cannot_be_fetched_is_a_failure(rig: KubernetesRig) -> None:
    pod = rig.pod("gateway-1-1")
    await launched(rig.launcher, pod)
    await rig.becomes(pod, "Pending", {"waiting": {"reason": "ImagePullBackOff", "message": "from where"}})
    assert await troubled(rig, Phase.FAILED) == (Cause.IMAGE, "its image cannot be fetched (ImagePullBackOff)")


async def test_what_needs_more_memory_than_reserved_is_told_so(rig: KubernetesRig) -> None:
    pod = rig.pod("gateway-1-1")
    await launched(rig.launcher, pod)
    await rig.becomes(pod, "Failed", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
    text = "it needed more than the 2048 MB that the spec reserves; reserve more"
    assert await troubled(rig, Phase.FAILED) == (Cause.RESOURCES, text)
    (seen,) = await rig.launcher.observe()
    assert (seen.life, seen.exit_code, seen.out_of_memory) == (Life.EXITED, -9, True)


async def test_another_agents_pods_are_not_ours(rig: KubernetesRig) -> None:
    await launched(rig.launcher, rig.pod("gateway-1-1"))
    stranger = replace(rig.cluster, agent=f"{rig.cluster.agent}-other")
    other = await KubernetesLauncher.connected(stranger, kubeconfig=rig.kubeconfig, grace=1)
    try:
        assert await other.observe() == []
        await other.stop(Ref(name=CLIENT_NAME))
    finally:
        await other.close()
    assert short(await rig.launcher.observe()) == [("gateway-1-1", Life.RUNNING, None)]


async def test_a_secret_that_somebody_left_is_replaced(rig: KubernetesRig) -> None:
    name = marks.object_name(rig.cluster.agent, CLIENT_NAME)
    left = {"metadata": {"name": name, "labels": marks.labels(rig.cluster.agent, CLIENT_NAME)}, "data": {"old": "b2xk"}}
    await rig.admin.create(Secret.from_dict(left))
    await launched(rig.launcher, rig.pod("gateway-1-1"))
    secret = await rig.admin.get(Secret, name)
    assert sorted(secret.data or {}) == ["env.PATH", "kit.local..resources.json", "kit.startup..client.key"]


async def test_a_launch_that_was_stopped_half_way_starts_nothing(rig: KubernetesRig) -> None:
    launch = rig.launcher.launch(rig.pod("gateway-1-1"))
    checkpoint = await anext(launch)
    await rig.launcher.stop(checkpoint.ref)
    with pytest.raises(LaunchError, match="was stopped while"):
        await anext(launch)
    await rig.launcher.stop(checkpoint.ref)
    assert await held(rig) == {"Pod": 0, "Secret": 0, "Service": 0, "NetworkPolicy": 0}


async def test_an_image_that_is_not_pinned_is_refused(rig: KubernetesRig) -> None:
    with pytest.raises(ImageMissingError, match="pins no image"):
        await launched(rig.launcher, replace(rig.pod("gateway-1-1"), image="registry.example/model:1"))
    assert await held(rig) == {"Pod": 0, "Secret": 0, "Service": 0, "NetworkPolicy": 0}


async def news_arrives(rig: KubernetesRig, pod: Pod) -> None:
    """The launcher learns what becomes of a pod."""
    await rig.end(pod, 3)

    async def ended() -> bool:
        return short(await rig.launcher.observe()) == [("gateway-1-1", Life.EXITED, 3)]

    await until(ended)


async def test_a_watch_that_breaks_off_is_taken_up_again(fake: Fake) -> None:
    pod = fake.rig.pod("gateway-1-1")
    await launched(fake.rig.launcher, pod)
    await fake.cluster.cut()
    await news_arrives(fake.rig, pod)


async def test_a_version_that_the_server_has_forgotten_is_no_end(fake: Fake) -> None:
    pod = fake.rig.pod("gateway-1-1")
    await launched(fake.rig.launcher, pod)
    fake.cluster.forget()
    await fake.cluster.cut()
    await news_arrives(fake.rig, pod)


async def test_a_server_that_answers_with_errors_for_a_while_is_asked_again(fake: Fake) -> None:
    pod = fake.rig.pod("gateway-1-1")
    await launched(fake.rig.launcher, pod)
    fake.cluster.failing[:] = [500, 503, 500]
    await fake.cluster.cut()

    async def asked() -> bool:
        return not fake.cluster.failing

    await until(asked)
    await news_arrives(fake.rig, pod)


async def test_each_window_ends_with_a_new_list(fake: Fake) -> None:
    short_sighted = reflector.Reflector(
        client=fake.rig.admin, kind=ClusterPod, labels={marks.AGENT: fake.rig.cluster.agent}, window=0, late=0.05
    )
    lists = 0

    async def listed() -> bool:
        nonlocal lists
        lists += ("pods", "list") in fake.cluster.used
        fake.cluster.used.clear()
        return lists > 2

    running = asyncio.create_task(short_sighted.run())
    try:
        await until(listed)
    finally:
        running.cancel()


async def test_the_agent_uses_every_right_it_has_and_no_other(fake: Fake) -> None:
    pod = fake.rig.pod("server")
    fake.cluster.logs[marks.object_name(fake.rig.cluster.agent, pod.name)] = "it says hello\n"
    checkpoint = await launched(fake.rig.launcher, pod)
    await fake.rig.becomes(pod, "Running", {"running": {}})

    async def written() -> bool:
        await fake.rig.launcher.observe()
        return pod.log.exists() and pod.log.read_text() == "it says hello\n"

    await until(written)
    await fake.rig.launcher.stop(checkpoint.ref)
    assert fake.cluster.used == {(resource, verb) for resource, verbs in RIGHTS.items() for verb in verbs}


async def test_what_was_never_seen_running_still_leaves_its_console(fake: Fake) -> None:
    pod = fake.rig.pod("gateway-1-1")
    fake.cluster.logs[marks.object_name(fake.rig.cluster.agent, pod.name)] = "it ends at once\n"
    await launched(fake.rig.launcher, pod)
    await news_arrives(fake.rig, pod)
    assert pod.log.read_text() == "it ends at once\n"


async def test_without_a_cluster_the_launcher_says_so(tmp_path: Path) -> None:
    cluster = Cluster(agent="test", namespace="default")
    with pytest.raises(LaunchError, match="no cluster"):
        await KubernetesLauncher.connected(cluster)
    launcher = await KubernetesLauncher.connected(cluster, kubeconfig=config_at(tmp_path, "http://127.0.0.1:9"))
    try:
        with pytest.raises(LaunchError, match="does not answer"):
            await launcher.stop(Ref(name=CLIENT_NAME))
    finally:
        await launcher.close()
