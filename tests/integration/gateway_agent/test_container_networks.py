"""What a workload in a container reaches, asked from inside: its neighbours by their names, and nobody else."""

import json
import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import launched, until, waiting_pod
from engine import docker, engine_lacks, image_lacks, inspected

from fedpact.gateway_agent.adapters.docker import DockerLauncher
from fedpact.gateway_agent.app.ports import Ref
from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.containers import Yard

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120)]
IMAGE = "python:3.11-slim-bookworm"
PROBE = """
import json, socket, sys
def reached(host, port):
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True
print(json.dumps({host: reached(host, int(port)) for host, port in (one.rsplit(":", 1) for one in sys.argv[1:])}))
"""


@pytest.fixture
def neighbour() -> Iterator[str]:
    """A container that stands for a DAL, and is in no network but its own."""
    if lacking := engine_lacks() or image_lacks(IMAGE, f"docker pull {IMAGE}"):
        pytest.skip(lacking)
    name = f"test-{secrets.token_hex(4)}"
    docker("network", "create", "--internal", name)
    try:
        docker("run", "--detach", "--name", name, "--network", name, IMAGE, "python3", "-m", "http.server", "8080")
        yield name
    finally:
        docker("rm", "--force", name)
        docker("network", "rm", name)


def listening_here() -> socket.socket:
    """Something that listens on every address of this machine."""
    return socket.create_server(("0.0.0.0", 0))


async def test_a_workload_reaches_its_neighbours_and_nothing_else(neighbour: str, tmp_path: Path) -> None:
    yard = Yard(agent=f"test-{secrets.token_hex(4)}", publish_on="", neighbours={neighbour: "dal"})
    launcher = await DockerLauncher.connected(yard, grace=1)
    pod = waiting_pod(tmp_path)
    pod = replace(pod, image=inspected(IMAGE)["Id"], command=("/usr/local/bin/python3", *pod.command[1:]))
    network = marks.activation_name(yard.agent, pod.name)
    try:
        await launched(launcher, pod)
        assert "network" in launcher.limits_enforced
        (found,) = docker("ps", "--quiet", "--filter", f"label=fedpact.org/agent={yard.agent}").split()
        with listening_here() as here:
            port = here.getsockname()[1]
            own = json.loads(docker("network", "inspect", network))[0]["IPAM"]["Config"][0]["Gateway"]
            bridge = json.loads(docker("network", "inspect", "bridge"))[0]["IPAM"]["Config"][0].get("Gateway")
            others = [f"{own}:{port}", f"{bridge or '172.17.0.1'}:{port}", "127.0.0.1:8080", "192.0.2.1:443"]
            asked = ("dal:8080", f"{neighbour}:8080", *others, "example.org:80")

            async def dal_is_up() -> bool:
                return dict(reached(found, "dal:8080"))["dal"]

            await until(dal_is_up)
            seen = reached(found, *asked)
        assert {host for host, yes in seen.items() if yes} == {"dal", neighbour}
    finally:
        await launcher.stop(Ref(name=pod.name))
        await launcher.close()
    assert docker("network", "ls", "--quiet", "--filter", f"name={network}") == ""


def reached(container: str, *addresses: str) -> dict[str, bool]:
    said: dict[str, bool] = json.loads(docker("exec", container, "/usr/local/bin/python3", "-c", PROBE, *addresses))
    return said
