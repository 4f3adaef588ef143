"""
Workloads as pods of a Kubernetes cluster.

The cluster is the memory: everything of a workload carries its labels, and a network policy without a pod is a launch
that did not come to its end. The agent needs few rights and asks for none at run time; it never reads a secret.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar, cast

import httpx2
from lightkube import ApiError, AsyncClient, ConfigError, KubeConfig
from lightkube.resources.core_v1 import Pod as ClusterPod
from lightkube.resources.core_v1 import Secret, Service
from lightkube.resources.networking_v1 import NetworkPolicy

from fedpact.gateway_agent.adapters import cargo
from fedpact.gateway_agent.adapters.followers import Console, Followers
from fedpact.gateway_agent.adapters.kubernetes_state import named, note, observed, reserved
from fedpact.gateway_agent.adapters.reflector import Reflector, name_of, uid_of
from fedpact.gateway_agent.app.ports import Checkpoint, Life, Observed, Ref, Stage
from fedpact.gateway_agent.domain import manifests, marks
from fedpact.gateway_agent.domain.containers import is_pinned
from fedpact.gateway_agent.domain.errors import AlreadyThereError, ImageMissingError, LaunchError
from fedpact.gateway_agent.domain.manifests import CONTAINER, GRACE, LOG, SEALED, Cluster, Json
from fedpact.gateway_agent.domain.pods import Pod, PodName

K = TypeVar("K", Secret, Service, NetworkPolicy, ClusterPod)
PATIENCE = 60.0
"""Seconds after which a pod that does not go is somebody's business."""
LOOK = 0.1
NOT_FOUND, CONFLICT = 404, 409
LOST = (httpx2.HTTPError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesLauncher:
    """Pods of the agent that `cluster` names; get one by `connected`, and close it."""

    client: AsyncClient
    cluster: Cluster
    pods: Reflector[ClusterPod]
    policies: Reflector[NetworkPolicy]
    grace: int = GRACE
    _consoles: Followers = field(default_factory=lambda: Followers(LOST), init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list, init=False)

    @classmethod
    async def connected(cls, cluster: Cluster, *, kubeconfig: Path | None = None, grace: int = GRACE) -> Self:
        """A launcher in the cluster that `kubeconfig` names, else in the one it runs in."""
        try:
            config = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_service_account()
        except (ConfigError, OSError, ValueError) as error:
            raise LaunchError(f"no cluster to run workloads in: {error}") from error
        client = AsyncClient(config=config, namespace=cluster.namespace, trust_env=False)
        mine = {marks.AGENT: cluster.agent}
        launcher = cls(
            client=client,
            cluster=cluster,
            pods=Reflector(client=client, kind=ClusterPod, labels=mine),
            policies=Reflector(client=client, kind=NetworkPolicy, labels=mine),
            grace=grace,
        )
        reflectors = (launcher.pods.run(), launcher.policies.run())
        launcher._tasks.extend(asyncio.create_task(work) for work in reflectors)
        return launcher

    async def close(self) -> None:
        """Let go of the cluster. What runs goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._consoles.close()
        await self.client.close()

    @property
    def limits_enforced(self) -> tuple[str, ...]:
        return self.cluster.limits

    async def launch(self, pod: Pod) -> AsyncIterator[Checkpoint]:
        if not is_pinned(pod.image):
            raise ImageMissingError(f"`{pod.image}` pins no image; name one as `registry/name@sha256:...`")
        await self._reserve(pod)
        yield Checkpoint(ref=Ref(name=pod.name), stage=Stage.RESERVED)
        with _refusals(pod.name):
            made = await self._create(pod)
        yield Checkpoint(ref=Ref(name=pod.name, handle=name_of(made)), stage=Stage.RUNNING)

    async def observe(self) -> Sequence[Observed]:
        policies, pods = await self.policies.objects(), await self.pods.objects()
        found = {one.name: one for one in (reserved(policy.metadata) for policy in policies) if one}
        for pod in pods:
            if one := observed(pod):
                found[one.name] = one
                await self._listen(pod, one)
        return [found[name] for name in sorted(found, key=str)]

    async def stop(self, ref: Ref) -> None:
        name = marks.object_name(self.cluster.agent, ref.name)
        with _refusals(ref.name):
            await self._end(name)
            await self._consoles.forget(name)
            for kind in (Service, Secret, NetworkPolicy):
                await _gone(self.client.delete(kind, name))
        mine = [one for one in await self.policies.objects() if name_of(one) == name]
        self.policies.removed(uid_of(one) for one in mine)

    async def _reserve(self, pod: Pod) -> None:
        with _refusals(pod.name):
            try:
                policy = manifests.network_policy(pod, self.cluster)
                self.policies.made(await self.client.create(_of(NetworkPolicy, policy)))
            except ApiError as error:
                if error.status.code == CONFLICT:
                    raise AlreadyThereError(str(pod.name)) from error
                raise

    async def _create(self, pod: Pod) -> ClusterPod:
        contents = await asyncio.to_thread(_sealed, pod)
        await self._replace(_of(Secret, manifests.secret(pod, self.cluster, contents)))
        if pod.port:
            await self._replace(_of(Service, manifests.service(pod, self.cluster)))
        if not await self._still_reserved(pod.name):
            raise LaunchError(f"`{pod.name}` was stopped while it was being launched")
        made = await self.client.create(_of(ClusterPod, manifests.workload(pod, self.cluster, contents)))
        self.pods.made(made)
        return made

    async def _replace(self, one: K) -> None:
        """Create it in place of one that somebody left."""
        try:
            await self.client.create(one)
        except ApiError as error:
            if error.status.code != CONFLICT:
                raise
            await _gone(self.client.delete(type(one), name_of(one)))
            await self.client.create(one)

    async def _still_reserved(self, name: PodName) -> bool:
        return any(named(policy.metadata) == name for policy in await self.policies.objects())

    async def _end(self, name: str) -> None:
        """Delete the pod and wait until nothing of it is left; what does not end is not said to have ended."""
        uids = set()
        try:
            async with asyncio.timeout(self.grace + PATIENCE):
                await _gone(self.client.delete(ClusterPod, name, grace_period=self.grace))
                while (left := await self._left(name)) is not None:
                    uids.add(uid_of(left))
                    await asyncio.sleep(LOOK)
        except TimeoutError as late:
            raise LaunchError(f"the pod `{name}` does not end; see its node") from late
        self.pods.removed({*uids, *(uid_of(one) for one in await self.pods.objects() if name_of(one) == name)})

    async def _left(self, name: str) -> ClusterPod | None:
        try:
            return await self.client.get(ClusterPod, name)
        except ApiError as error:
            if error.status.code != NOT_FOUND:
                raise
            return None

    async def _listen(self, pod: ClusterPod, one: Observed) -> None:
        """
        Also to what an earlier agent started, and to what has ended: that is when its console is wanted.

        A pod that did not begin has none.
        """
        name, log = name_of(pod), note(pod, LOG)
        if not log or pod.status is None:
            return
        if one.life is Life.EXITED:
            await self._consoles.read_out(name, self._console(name), Path(log))
        elif pod.status.phase == "Running":
            self._consoles.follow(name, self._console(name), Path(log))

    def _console(self, name: str) -> Console:
        return lambda: self.client.log(name, container=CONTAINER, follow=True)


def _of(kind: type[K], manifest: Json) -> K:
    return cast(K, kind.from_dict(manifest))


def _sealed(pod: Pod) -> Mapping[str, bytes]:
    contents = cargo.contents(pod.kit)
    return {path: content for path, content in contents.items() if path.partition("/")[0] in SEALED}


async def _gone(removal: Awaitable[object]) -> None:
    try:
        await removal
    except ApiError as error:
        if error.status.code != NOT_FOUND:
            raise


@contextmanager
def _refusals(name: PodName) -> Iterator[None]:
    """Turns what the cluster answers about a workload into errors of ours."""
    try:
        yield
    except ApiError as refused:
        raise LaunchError(f"the cluster refuses `{name}`: {refused.status.message}") from refused
    except LOST as lost:
        raise LaunchError("the cluster does not answer; see whether its API server is reached") from lost
