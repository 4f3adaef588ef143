"""
Activation by each launcher, beside the same FLARE processes, containers or pods started by hand in the same way.

By hand means authority, keys and kits, then a server and two clients straight through the launcher's own means, a
session, both listed: no hub, no policies, no bus. Containers are of the model's image on this machine's engine, with the
servers published on the address at which containers reach it; pods are of the same image, in the cluster that
FEDPACT_TEST_KUBECONFIG names, whose servers are reached on a port of its node. Each workload may use as much in both. What
this machine has no engine or cluster for is left out, and told.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench_flare import BareFlare, activated
from bench_harness import Finding, Measure, Sample, alternate, at_most_more, carry_out, conclude, findings, rounds_asked
from bench_world import WHOLE_MACHINE, prepared
from engine import gateway, image_lacks, inspected
from named_cluster import LISTED, NODE_PORTS, Cluster, cluster_here, model_image

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.adapters.docker import DockerLauncher
from fedpact.gateway_agent.adapters.kubernetes import KubernetesLauncher
from fedpact.gateway_agent.adapters.reserved_sockets import ReservedSockets
from fedpact.gateway_agent.app.ports import Launcher
from fedpact.gateway_agent.domain import manifests
from fedpact.gateway_agent.domain.containers import Yard
from fedpact.gateway_agent.domain.pods import Runtime
from fedpact.gateway_agent.launching import IMAGE_PYTHON, SEARCH_PATH

QUIET = 2.0
"""Seconds for what was stopped to be really gone."""
IMAGE = "fedpact/model-logreg:0.1.0"
BY_HAND = "bench-by-hand"
NAMESPACE = "fedpact-bench"
SHARE = 0.3
"""Of a node's cores, for each of the three pods that it has to have room for."""


class Closing(Launcher, Protocol):
    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Way:
    """
    A launcher: what the agents of a federation are told, and how to get the same by hand.

    `connected` is none where `by_hand` has its launcher already; `ground` is what has to be there meanwhile.
    """

    name: str
    by_hand: Callable[[Path], BareFlare]
    connected: Callable[[], Awaitable[Closing]] | None = None
    settings: Mapping[str, str]
    each: Resources = WHOLE_MACHINE
    ground: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


def processes() -> Way:
    return Way(name="processes", settings={}, by_hand=BareFlare)


def containers() -> Way:
    address = gateway("bridge")  # where containers and this process both reach the engine's machine
    runtime = Runtime(python=IMAGE_PYTHON, search_path=SEARCH_PATH, image=inspected(IMAGE)["Id"])
    return Way(
        name="containers",
        by_hand=lambda folder: BareFlare(folder, host=address, runtime=runtime, each=WHOLE_MACHINE),
        connected=lambda: DockerLauncher.connected(Yard(agent=BY_HAND, publish_on=address)),
        settings={
            "FEDPACT_AGENT_LAUNCHER": "docker",
            "FEDPACT_AGENT_MODEL_IMAGES": str(LISTED),
            "FEDPACT_AGENT_DOCKER_PUBLISH": address,
            "FEDPACT_AGENT_FLARE_HOST": address,
        },
    )


def pods(cluster: Cluster) -> Way:
    runtime = Runtime(python=IMAGE_PYTHON, search_path=SEARCH_PATH, image=model_image())
    each = Resources(cpu=round(SHARE * cluster.cores, 1), memory=1024)
    mine = manifests.Cluster(agent=BY_HAND, namespace=NAMESPACE, service="NodePort")

    def by_hand(folder: Path) -> BareFlare:
        flare = BareFlare(folder, host=cluster.address, runtime=runtime, each=each)
        flare.sockets = ReservedSockets(time.monotonic, NODE_PORTS)
        return flare

    return Way(
        name="pods",
        by_hand=by_hand,
        connected=lambda: KubernetesLauncher.connected(mine, kubeconfig=cluster.kubeconfig),
        each=each,
        ground=lambda: cluster.namespace(NAMESPACE),
        settings={
            "FEDPACT_AGENT_LAUNCHER": "kubernetes",
            "FEDPACT_AGENT_MODEL_IMAGES": str(LISTED),
            "FEDPACT_AGENT_KUBERNETES_CONFIG": str(cluster.kubeconfig),
            "FEDPACT_AGENT_KUBERNETES_NAMESPACE": NAMESPACE,
            "FEDPACT_AGENT_KUBERNETES_SERVICE": "NodePort",
            "FEDPACT_AGENT_FLARE_HOST": cluster.address,
            "FEDPACT_AGENT_FLARE_PORTS": f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}",
        },
    )


async def ways() -> tuple[list[Way], Mapping[str, str]]:
    """The launchers that can be measured here, and why others cannot."""
    found, lacking = [processes()], {}
    unlisted = "" if LISTED.exists() else f"needs `{LISTED}`: `just images`"
    if without := image_lacks(IMAGE, "just images") or unlisted:
        lacking["containers"] = without
    else:
        found.append(containers())
    cluster, without = await cluster_here()
    if cluster is None:
        lacking["pods"] = without
    else:
        found.append(pods(cluster))
    return found, lacking


@asynccontextmanager
async def launching(way: Way, flare: BareFlare) -> AsyncIterator[BareFlare]:
    """`flare` with the launcher of that way."""
    if way.connected is None:
        yield flare
        return
    flare.launcher = launcher = await way.connected()
    try:
        yield flare
    finally:
        await launcher.close()


async def measured(way: Way, rounds: int) -> list[Finding]:
    """By hand and by a federation, in turn."""
    measure = Measure(name=f"activation by {way.name}", unit="s", limit=at_most_more(0.10, 1.5))
    os.environ.update(way.settings)
    try:
        async with way.ground(), prepared(way.each) as (_, spec):

            async def reference() -> Sample:
                with tempfile.TemporaryDirectory(prefix="fedpact-bench-") as folder:
                    async with launching(way, way.by_hand(Path(folder))) as flare, activated(flare):
                        took = flare.timeline["both sites listed"]
                await asyncio.sleep(QUIET)
                return {measure.name: took}

            async def ours() -> Sample:
                began = asyncio.get_running_loop().time()
                await spec.activate()
                await spec.running()
                took = asyncio.get_running_loop().time() - began
                await spec.deactivate()
                await asyncio.sleep(QUIET)
                return {measure.name: took}

            print(f"\n{way.name}")
            return findings([measure], *await alternate(reference, ours, rounds=rounds))
    finally:
        for name in way.settings:
            del os.environ[name]


async def work(rounds: int) -> int:
    chosen, lacking = await ways()
    found = [finding for way in chosen for finding in await measured(way, rounds)]
    for name, why in lacking.items():
        print(f"\n{name} are left out: {why}")
    return conclude("launchers", found)


if __name__ == "__main__":
    asked = rounds_asked("Activation by each launcher beside the same by hand.")
    sys.exit(carry_out(lambda: work(asked)))
