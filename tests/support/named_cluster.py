"""
The whole cluster that a kubeconfig names: whether it answers, its node, a namespace for a while, and what runs there.

It has to find the images that `just images` lists: those of a registry, or those of an engine that it shares with us.
"""

import contextlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from lightkube import ApiError, AsyncClient, ConfigError, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace, Node
from servers import until

from fedpact.secure_runtime.adapters.package import package_digest

KUBECONFIG = "FEDPACT_TEST_KUBECONFIG"
MODEL = "logreg"
ROOT = Path(__file__).parents[2]
LISTED = ROOT / "dist" / "model-images.json"
NODE_PORTS = range(30_000, 32_768)
SECONDS = 60.0
NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster whose nodes are reached from here. `address` is a node's."""

    kubeconfig: Path
    address: str
    cores: float

    @asynccontextmanager
    async def namespace(self, name: str) -> AsyncIterator[None]:
        """A namespace that is gone at the end of the block, with all that is in it."""
        async with _client(self.kubeconfig) as client:
            await client.create(Namespace(metadata=ObjectMeta(name=name)))
            try:
                yield
            finally:
                await client.delete(Namespace, name)
                await until(lambda: _gone(client, name), SECONDS)


def cluster_lacks() -> str:
    """What is lacking before a cluster is even asked; empty when nothing is."""
    if not os.environ.get(KUBECONFIG):
        return f"needs a cluster: {KUBECONFIG} names a kubeconfig"
    if not model_image():
        return f"needs the image of `models/{MODEL}` in `{LISTED.relative_to(ROOT)}`: `just images`"
    return ""


def model_image() -> str:
    """The image that agents are told to run a model's workloads from; empty when there is none of the model as it is."""
    listed = json.loads(LISTED.read_text()) if LISTED.exists() else {}
    return str(listed.get(package_digest(ROOT / "models" / MODEL), ""))


async def cluster_here() -> tuple[Cluster | None, str]:
    """The cluster, or why there is none to use."""
    if lacking := cluster_lacks():
        return None, lacking
    named = os.environ[KUBECONFIG]
    try:
        async with _client(Path(named)) as client:
            node, *_ = [one async for one in client.list(Node)]
    except (ApiError, ConfigError, httpx2.HTTPError, OSError) as error:
        return None, f"needs a cluster that answers: that of `{named}` does not ({error})"
    assert node.status is not None
    address = next(one.address for one in node.status.addresses or () if one.type == "InternalIP")
    return Cluster(kubeconfig=Path(named), address=address, cores=float((node.status.allocatable or {})["cpu"])), ""


@asynccontextmanager
async def _client(kubeconfig: Path) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(config=KubeConfig.from_file(kubeconfig), trust_env=False)
    try:
        yield client
    finally:
        with contextlib.suppress(httpx2.HTTPError):
            await client.close()


async def _gone(client: AsyncClient, name: str) -> bool:
    try:
        await client.get(Namespace, name)
    except ApiError as error:
        if error.status.code != NOT_FOUND:
            raise
        return True
    return False
