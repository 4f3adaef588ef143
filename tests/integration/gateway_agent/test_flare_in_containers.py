"""A real FLARE server and two clients in containers of a model's image: a job runs, and nothing is left."""

import asyncio
import secrets
from pathlib import Path

import pytest
from engine import gateway, image_lacks, inspected, labelled
from flare_activation import Activation, ended

from fedpact.gateway_agent.adapters.docker import DockerLauncher
from fedpact.gateway_agent.app.ports import Life
from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.containers import Yard
from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.pods import Runtime

pytestmark = [pytest.mark.containers, pytest.mark.timeout(180)]
IMAGE = "fedpact/model-logreg:0.1.0"


async def test_a_federated_job_runs_in_containers(tmp_path: Path) -> None:
    if lacking := image_lacks(IMAGE, "just images model-logreg"):
        pytest.skip(lacking)
    runtime = Runtime(
        python="/usr/local/bin/python3", search_path="/usr/local/bin:/usr/bin:/bin", image=inspected(IMAGE)["Id"]
    )
    activation = Activation(tmp_path, host=gateway("bridge"), runtime=runtime)
    yard = Yard(agent=f"test-{secrets.token_hex(4)}", publish_on=activation.host)
    launcher = await DockerLauncher.connected(yard, grace=2)
    activation.launcher = launcher
    try:
        await activation.build()
        session = await activation.start()
        job = await session.submit(activation.job("averaging"), token="once")
        assert (await ended(session, job)).status == Status.COMPLETED
        seen = await launcher.observe()
        assert [(one.life, one.trouble) for one in seen] == [(Life.RUNNING, None)] * 3
        logs = [activation.member(name).place.log.read_text() for name in activation.clients]
        assert all("Successfully registered client" in log for log in logs)
    finally:
        await asyncio.shield(activation.stop())
        await launcher.close()
    assert labelled(f"{marks.AGENT}={yard.agent}") == []
