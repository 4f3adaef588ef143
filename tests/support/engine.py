"""
The Docker engine of this machine, for tests, by way of testcontainers: what it lacks, and a program in a container.

testcontainers' reaper stays off, as it is an image from a registry and tests need none: whatever a test starts it takes
away by `with`.
"""

import functools
import gc
import warnings
from typing import Any

from docker import DockerClient
from docker.errors import DockerException, ImageNotFound
from testcontainers.core import docker_client
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

SECONDS = 120
RESTRICTED = {
    "network": "none",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "512m",
}
testcontainers_config.ryuk_disabled = True


@functools.cache
def engine() -> DockerClient:
    """The engine as testcontainers finds it."""
    return docker_client.DockerClient(timeout=SECONDS).client


@functools.cache
def engine_lacks() -> str:
    """Why nothing can be run in containers here; empty when it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # its client leaves a socket open that nobody answers
        try:
            engine()
        except DockerException as error:
            return f"needs a running Docker engine: {error}"
        finally:
            gc.collect()
    return ""


def image_lacks(reference: str, made_by: str) -> str:
    """Why the image cannot be used; empty when it can."""
    if lacking := engine_lacks():
        return lacking
    try:
        engine().images.get(reference)
    except ImageNotFound:
        return f"needs the image `{reference}`: make it with `{made_by}`"
    return ""


def inspected(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = engine().images.get(reference).attrs
    return found


def labelled(label: str) -> list[object]:
    """The containers, volumes and networks with that label."""
    chosen = {"label": label}
    containers = engine().containers.list(all=True, filters=chosen, ignore_removed=True)
    return [*containers, *engine().volumes.list(filters=chosen), *engine().networks.list(filters=chosen)]


def gateway(network: str) -> str:
    """This machine as containers of that network see it; an old engine does not say it of its own bridge."""
    (pool,) = engine().networks.get(network).attrs["IPAM"]["Config"]
    return str(pool.get("Gateway", "172.17.0.1"))


def inside(reference: str, *command: str, **freely: object) -> str:
    """What `command` says in a container as restricted as a deployment's: no network, no rights, nothing to write to."""
    program, *words = command
    bounds = {**RESTRICTED, **freely, "entrypoint": [program]}
    with DockerContainer(reference).with_command(words).with_kwargs(**bounds) as container:
        code = container.wait()
        said, complained = container.get_logs()
    assert code == 0, f"{program} ended with {code}: {(said + complained)[-2000:].decode()}"
    return said.decode()
