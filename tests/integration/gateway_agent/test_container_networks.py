"""What a workload in a container reaches, asked from inside: its neighbours by their names, and nobody else."""

import json
import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import launched, until, waiting_pod
from docker.models.containers import Container
from engine import engine, gateway, image_lacks, inspected, labelled
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

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
    if lacking := image_lacks(IMAGE, f"docker pull {IMAGE}"):
        pytest.skip(lacking)
    name = f"test-{secrets.token_hex(4)}"
    with Network(docker_network_kw={"internal": True}) as network:
        dal = DockerContainer(IMAGE, name=name, network=network)
        with dal.with_command(["python3", "-m", "http.server", "8080"]):
            yield name


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
        (found,) = engine().containers.list(filters={"label": f"{marks.AGENT}={yard.agent}"})
        with listening_here() as here:
            port = here.getsockname()[1]
            outside = [f"{gateway(one)}:{port}" for one in (network, "bridge")]
            others = [*outside, "127.0.0.1:8080", "192.0.2.1:443"]
            asked = ("dal:8080", f"{neighbour}:8080", *others, "example.org:80")

            async def dal_is_up() -> bool:
                return dict(reached(found, "dal:8080"))["dal"]

            await until(dal_is_up)
            seen = reached(found, *asked)
        assert {host for host, yes in seen.items() if yes} == {"dal", neighbour}
    finally:
        await launcher.stop(Ref(name=pod.name))
        await launcher.close()
    assert labelled(f"{marks.AGENT}={yard.agent}") == []


def reached(container: Container, *addresses: str) -> dict[str, bool]:
    said: dict[str, bool] = json.loads(container.exec_run(["/usr/local/bin/python3", "-c", PROBE, *addresses]).output)
    return said
