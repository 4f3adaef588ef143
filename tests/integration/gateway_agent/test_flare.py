"""
Real activations: what the agent's adapters build is what FLARE 2.9 obeys.

FLARE runs in processes of its own, never in this one.
"""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from agent_values import SERVER_NAME, until
from flare_activation import Activation, ended

from fedpact.gateway_agent.adapters import trees
from fedpact.gateway_agent.adapters.federation import FlareFederation
from fedpact.gateway_agent.app.ports import Session
from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.errors import JobUnknownError, TokenReusedError, UnreachableError
from fedpact.gateway_agent.domain.kits import JOB_PROCESSES
from fedpact.gateway_agent.domain.pods import place_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]

SLOW = """
import runpy
from types import SimpleNamespace
from nvflare.apis.fl_exception import FLCommunicationError
from nvflare.fuel.flare_api import flare_api
from nvflare.fuel.hci.client import file_transfer

class Session:
    def __init__(self, user, kit):
        self.api = SimpleNamespace(authenticate_msg_timeout=60.0, client_key="", close=lambda: None)
    def try_connect(self, timeout):
        if self.api.authenticate_msg_timeout < 3:
            raise FLCommunicationError("failed to challenge server: timeout")
    def get_system_info(self):
        return SimpleNamespace(client_info=[], job_info=[SimpleNamespace(job_id="j")])

flare_api.Session = Session
file_transfer.load_private_key_file = lambda path: None
runpy.run_module("fedpact.gateway_agent.adapters.flare_host", run_name="__main__")
"""
"""The process of a session with a server that takes three seconds to answer."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def activation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Activation]:
    """One for all tests that leave it as it was."""
    running = Activation(tmp_path_factory.mktemp("flare"))
    await running.build()
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def session(activation: Activation) -> Session:
    return await activation.start()


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_a_job_of_allowed_components_completes_and_its_results_are_fetched(
    activation: Activation, session: Session, tmp_path: Path
) -> None:
    folder = activation.job("average")
    job = await session.submit(folder, "token-1")
    assert await session.submit(folder, "token-1") == job
    assert (await ended(session, job)).status == Status.COMPLETED
    results = await session.download(job, tmp_path / "results")
    assert {"workspace/models/server.npy", "workspace/log.txt", "meta.json"} <= files_in(results)
    await session.abort(job)
    assert (await session.job(job)).status == Status.COMPLETED
    assert (await session.system()).running == frozenset()
    for name, launcher in (SERVER_NAME, "ServerJobs"), (activation.clients[0], "ClientJobs"):
        assert f"{JOB_PROCESSES}.{launcher}" in place_of(activation.files, name).log.read_text()


async def test_a_session_signs_jobs_with_the_key_it_read_when_it_was_opened(
    activation: Activation, session: Session, tmp_path: Path
) -> None:
    (key,) = activation.admin.rglob("client.key")
    moved = key.rename(tmp_path / "kept.key")
    key.write_text("no key")
    try:
        job = await session.submit(activation.job("again"), "token-6")
    finally:
        moved.rename(key)
    assert (await ended(session, job)).status == Status.COMPLETED


async def test_a_client_refuses_a_class_outside_the_models_components(activation: Activation, session: Session) -> None:
    job = await session.submit(activation.job("client-class", executor="subprocess.Popen"), "token-2")
    assert (await ended(session, job)).status == Status.ABNORMAL
    log = place_of(activation.files, activation.clients[0]).log.read_text()
    assert "Component 'subprocess.Popen'" in log


async def test_the_server_refuses_a_class_outside_the_models_components(
    activation: Activation, session: Session
) -> None:
    job = await session.submit(activation.job("server-class", workflow="subprocess.Popen"), "token-3")
    assert (await ended(session, job)).status == Status.EXECUTION_EXCEPTION


async def test_the_server_refuses_a_job_that_brings_code(activation: Activation, session: Session) -> None:
    job = await session.submit(activation.job("code", code="import os\n"), "token-4")
    refused = await ended(session, job)
    assert (refused.status, refused.reason) == (Status.FAILED_TO_RUN, "server: BYOC not permitted")


async def test_a_token_is_for_one_job_only(activation: Activation, session: Session) -> None:
    job = await session.submit(activation.job("one", code="x = 1\n"), "token-5")
    with pytest.raises(TokenReusedError):
        await session.submit(activation.job("other", code="x = 2\n"), "token-5")
    await ended(session, job)


async def test_an_unknown_job_is_said_to_be_unknown(activation: Activation, session: Session) -> None:
    with pytest.raises(JobUnknownError):
        await session.job("7f1d732b-6dab-40e4-a460-ed20246ebf61")


async def test_a_server_that_is_slow_to_answer_is_given_more_time_by_the_same_process(tmp_path: Path) -> None:
    federation = FlareFederation(tmp_path, command=(sys.executable, "-c", SLOW))
    before = set(psutil.Process().children())
    await federation.warm()
    (host,) = set(psutil.Process().children()) - before
    for _ in range(2):
        with pytest.raises(UnreachableError, match="challenge"):
            await federation.open(tmp_path)
    assert (await (await federation.open(tmp_path)).system()).running == {"j"}
    assert set(psutil.Process().children()) - before == {host}
    await federation.close()


async def test_nothing_listens_but_on_the_loopback_for_a_server_on_this_machine(
    activation: Activation, session: Session
) -> None:
    parents = [psutil.Process(int(one.ref.handle)) for one in await activation.launcher.observe()]
    sockets = [c for parent in parents for c in parent.net_connections() if c.status == psutil.CONN_LISTEN]
    assert len(sockets) >= 4  # the server's one port, and each parent's for its job processes
    assert {c.laddr.ip for c in sockets} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


async def test_a_client_refuses_code_by_itself_and_a_stop_in_mid_job_leaves_nothing(tmp_path: Path) -> None:
    activation = Activation(tmp_path)
    await activation.build()
    rights = place_of(activation.files, SERVER_NAME).kit / "local" / "authorization.json"
    careless = json.loads(rights.read_text())
    careless["permissions"]["project_admin"]["byoc"] = "any"
    rights.write_text(json.dumps(careless))
    try:
        session = await activation.start()
        refused = await ended(session, await session.submit(activation.job("code", code="import os\n"), "token-1"))
        assert refused.status == Status.FAILED_TO_RUN
        assert "gateway-1-1: NVFLARE_ERROR: BYOC not permitted" in refused.reason

        job = await session.submit(activation.job("endless", sleep=600), "token-2")

        async def runs() -> bool:
            return (await session.system()).running == {job}

        await until(runs)
    finally:
        await activation.stop()
    assert not [mark for mark in trees.marks() if str(tmp_path) in mark]
    assert files_in(tmp_path / "state") == set()
    assert not (tmp_path / "activations").exists() or files_in(tmp_path / "activations") == set()
    with pytest.raises(UnreachableError):
        await session.system()


async def test_flare_never_came_into_this_process() -> None:
    assert not [name for name in sys.modules if name.partition(".")[0] == "nvflare"]
