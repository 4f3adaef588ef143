"""The agent's own doors on real sockets: the steward's admin socket, results to the jobs service, the secure runtime."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import psutil
import pytest
from agent_core import Agent
from agent_directives import GATEWAY, participant
from agent_site import TOTALS, Site
from agent_values import NOON, SERVER_NAME
from aiohttp import web
from render_server import write_model
from servers import free_port

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.local import serving_locally
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Denied
from fedpact.contracts.queries import UploadTicket
from fedpact.contracts.workloads import JobPhase
from fedpact.gateway_agent.adapters.secure_runtime import SecureRuntimes
from fedpact.gateway_agent.adapters.uploads import ResultParcels
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.doors import LocalModel
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.app.queries import Queries
from fedpact.gateway_agent.domain.errors import RenderRefusedError, ResultsRefusedError
from fedpact.gateway_agent.domain.runs import Outcome
from fedpact.gateway_agent.entrypoints.admin import Admin


@dataclass
class Steward:
    """Somebody with curl at the custodian's machine."""

    session: aiohttp.ClientSession
    agent: Agent
    offers: Stored

    async def call(self, method: str, path: str, /, **body: str) -> tuple[int, object]:
        content = json.dumps(body) if body else None
        async with self.session.request(method, f"http://agent{path}", data=content) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def said(self) -> list[str]:
        return [one["headers"]["ce-type"] for doc in await self.offers.documents.every() for one in doc.outbox]


@pytest.fixture
async def steward(tmp_path: Path) -> AsyncIterator[Steward]:
    agent = Agent(Site(tmp_path))
    kept = Stored(MemoryDocuments(), kinds.offers(GATEWAY))
    clock = agent.site.clock
    offers = Offers(gateway=GATEWAY, organization="clinic", offers=kept, data=agent.ports, clock=clock)
    queries = Queries(
        gateway=GATEWAY, role="gateway", totals=TOTALS, workloads=agent.workloads, runs=agent.runs, offers=offers
    )
    admin = Admin(offers=offers, queries=queries, applied=lambda: 7)
    path = tmp_path / "admin.socket"
    async with (
        serving_locally(admin.app(), path),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
    ):
        assert path.stat().st_mode & 0o777 == 0o600
        yield Steward(session, agent, kept)
    agent.close()


async def test_a_steward_registers_lists_and_takes_back_a_dataset(steward: Steward) -> None:
    status, mapped = await steward.call("PUT", "/datasets/lungs", path="/data/lungs.csv", description="scans")
    assert (status, mapped["dataset"]) == (200, "lungs_gw-1_clinic")
    assert [one["path"] for one in (await steward.call("GET", "/datasets"))[1]] == ["/data"]
    assert (await steward.call("DELETE", "/datasets/lungs"))[0] == 204
    assert (await steward.call("GET", "/datasets"))[1] == []
    assert await steward.said() == ["workloads.dataset.offered", "workloads.dataset.taken_back"]
    assert "lungs.csv" not in json.dumps([doc.outbox for doc in await steward.offers.documents.every()])


async def test_a_steward_says_what_a_dataset_was_made_of(steward: Steward) -> None:
    roots = ["hearts_gw-1_clinic", "lungs_gw-2_lab"]
    status, _ = await steward.call("PUT", "/datasets/mix", path="/data/mix.csv", derived_from=roots)
    assert status == 200
    assert (await steward.call("GET", "/datasets"))[1][0]["derived_from"] == roots


async def test_a_name_that_cannot_be_part_of_an_id_is_refused_with_what_can(steward: Steward) -> None:
    status, told = await steward.call("PUT", "/datasets/Lungs_1", path="/data/x.csv")
    assert (status, told["slug"], told["path"]) == (422, "dataset_name", "name")


async def test_a_dal_that_is_away_is_said_to_be(steward: Steward) -> None:
    steward.agent.site.dal_up = False
    assert (await steward.call("PUT", "/datasets/lungs", path="/data/x.csv"))[0] == 503
    assert await steward.said() == []


async def test_the_site_is_shown_at_a_glance(steward: Steward) -> None:
    await steward.agent.hear(participant(), 1)
    await steward.agent.clients.reconcile("s-1/gw-1-1")
    status = (await steward.call("GET", "/status"))[1]
    assert (status["gateway"], status["applied"], status["workloads"][0]["phase"]) == (GATEWAY, 7, "prepared")


@dataclass
class Jobs:
    """A jobs service that answers as it is told."""

    port: int
    status: int = 201
    slug: str = ""
    denied: Denied | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    complete: bool = False

    async def put(self, request: web.Request) -> web.Response:
        self.files[request.match_info["name"]] = await request.read()
        return web.json_response({"slug": self.slug, "detail": "told so"}, status=self.status)

    async def post(self, _: web.Request) -> web.Response:
        self.complete = True
        return web.json_response({})

    async def ask(self, context: str, verb: str, question: str) -> bytes:
        assert (context, verb, json.loads(question)["gateway"]) == ("jobs", "upload", "hub")
        url = f"http://127.0.0.1:{self.port}/u"
        ticket = UploadTicket(url=url, token="t", expires=NOON + timedelta(hours=1))
        return (self.denied or ticket).model_dump_json().encode()


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    one = Jobs(free_port())
    app = web.Application()
    app.router.add_put("/u/{name:.+}", one.put)
    app.router.add_post("/u/complete", one.post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", one.port).start()
    yield one
    await runner.cleanup()


@pytest.fixture
async def parcels(tmp_path: Path, jobs: Jobs) -> ResultParcels:
    one = ResultParcels(
        gateway="hub", folder=tmp_path / "results", activations=tmp_path, ask=jobs.ask, clock=FakeClock(NOON)
    )
    folder = one.inbox("j-1") / "e-1"
    (folder / "workspace" / "models").mkdir(parents=True)
    (folder / "workspace" / "models" / "m 1.npy").write_bytes(b"weights")
    await one.seal("j-1", folder, Outcome(phase=JobPhase.COMPLETED, engine_job="e-1"))
    return one


async def test_results_are_stored_file_by_file_and_completed(parcels: ResultParcels, jobs: Jobs) -> None:
    await parcels.store("s-1", "j-1")
    assert (jobs.files, jobs.complete) == ({"models/m 1.npy": b"weights"}, True)
    assert await parcels.sealed("j-1") == Outcome(phase=JobPhase.COMPLETED, engine_job="e-1")
    await parcels.forget("j-1")
    assert await parcels.sealed("j-1") is None


async def test_results_that_are_stored_already_are_stored(parcels: ResultParcels, jobs: Jobs) -> None:
    jobs.denied = Denied(slug="already_stored", reason="it has them")
    await parcels.store("s-1", "j-1")
    assert jobs.files == {}


@pytest.mark.parametrize(
    ("denied", "status", "error"),
    [
        ("not_allowed", 201, UnavailableError),
        ("unsafe", 201, ResultsRefusedError),
        ("", 413, ResultsRefusedError),
        ("", 500, UnavailableError),
        ("", 401, UnavailableError),
    ],
)
async def test_what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_is_not(
    parcels: ResultParcels, jobs: Jobs, denied: str, status: int, error: type[Exception]
) -> None:
    jobs.denied = Denied(slug=denied, reason="no") if denied else None
    jobs.status = status
    with pytest.raises(error):
        await parcels.store("s-1", "j-1")
    assert not jobs.complete


async def test_a_secure_runtime_renders_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    model = LocalModel(
        folder=write_model(tmp_path / "model", "return {'meta.json': json.dumps(payload)}"),
        code=tmp_path,
        components=(),
    )
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    one = SecureRuntimes(deep)
    await asyncio.gather(*(one.start(SERVER_NAME, model) for _ in range(3)))
    try:
        files = await one.render(SERVER_NAME, "j-1", {"a": 1}, sites={}, bounds=())
        assert files == {"meta.json": '{"a": 1}'}
        with pytest.raises(RenderRefusedError, match="`bad` is set"):
            await one.render(SERVER_NAME, "j-1", {"bad": 1}, sites={}, bounds=())
        bounds = {
            "type": "object",
            "properties": {"a": {"type": "integer", "maximum": 1}},
            "additionalProperties": False,
        }
        with pytest.raises(RenderRefusedError) as refused:
            await one.render(SERVER_NAME, "j-1", {"a": 2}, sites={}, bounds=(bounds,))
        assert refused.value.path == "a"
        after_a_crash = SecureRuntimes(deep)
        await after_a_crash.start(SERVER_NAME, model)
        assert await after_a_crash.render(SERVER_NAME, "j-2", {}, sites={}, bounds=()) == {"meta.json": "{}"}
        await after_a_crash.end(SERVER_NAME)
    finally:
        await one.end(SERVER_NAME)
    places = [process.info["cwd"] or "" for process in psutil.process_iter(["cwd"])]
    assert not [place for place in places if place.startswith(str(deep))]
