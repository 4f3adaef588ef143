"""
A whole activation with real FLARE: an orchestrator's agent and a gateway's agent as processes, a real DAL, a real bus.

The test plays spec_lifecycle (it publishes directives, it hears observations) and the jobs service (it takes results).
"""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import nats
import pytest
from aiohttp import web
from decision_values import OWNER, POLICY_SERVICE
from servers import free_port, until
from weed import bucket_of

from fedpact.chassis import bus_admin
from fedpact.contracts.directives import Directive, JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.envelope import Envelope
from fedpact.contracts.pact import Endpoint, Person, PinnedModel, Resources
from fedpact.contracts.policies import Beneficiaries, DatasetScope, Dsse, Grant, PolicyDocument, Rule
from fedpact.decision import keys
from fedpact.decision.grants import sign_grant
from fedpact.decision.policies import signed_policy
from fedpact.infra.topology import directives_of, streams
from fedpact.secure_runtime.adapters.package import package_digest, read_model_card

pytestmark = [pytest.mark.timeout(110)]
MODELS = Path(__file__).parents[3] / "models"
BIN = Path(sys.executable).parent
DATASET = "hearts_gw-1_clinic"
USER = Person(user="alice", organization="uni")


@dataclass
class Hub:
    """The bus as spec_lifecycle uses it, and a jobs service that keeps files in memory."""

    client: nats.NATS
    port: int
    heard: list[dict] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    manifest: dict = field(default_factory=dict)
    metrics: list[dict] = field(default_factory=list)
    sequence: int = 0

    async def begin(self) -> None:
        await self.client.subscribe("fedpact.evt.main.workloads.>", cb=self._hear)
        await self.client.subscribe("fedpact.tel.main.metrics.>", cb=self._measure)
        await self.client.subscribe("fedpact.qry.jobs.upload", cb=self._ticket)

    async def _hear(self, message: object) -> None:
        kind = ".".join(message.subject.split(".")[4:6])
        self.heard.append({"type": kind, **json.loads(message.data)})

    async def _measure(self, message: object) -> None:
        self.metrics.append(json.loads(message.data))

    async def _ticket(self, message: object) -> None:
        expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()  # noqa: TID251
        job = json.loads(message.data)["job_id"]
        ticket = {"url": f"http://127.0.0.1:{self.port}/uploads/{job}", "token": "t", "expires": expires}
        await message.respond(json.dumps(ticket).encode())

    async def put(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        self.files[request.match_info["name"]] = await request.read()
        return web.json_response({}, status=201)

    async def complete(self, request: web.Request) -> web.Response:
        self.manifest = await request.json()
        return web.json_response({})

    async def want(self, directive: Directive) -> None:
        self.sequence += 1
        envelope = Envelope(
            source="fedpact/spec_lifecycle/specs",
            type=directive.type,
            subject=directive.spec_id,
            time=datetime.now(UTC),  # noqa: TID251
            sequence=self.sequence,
        )
        subject = directive.subject("main", "hub")
        await self.client.jetstream().publish(
            subject, directive.model_dump_json().encode(), headers=envelope.headers(), stream="directives"
        )

    async def fact(self, kind: str, seconds: float = 60, **parts: object) -> dict:
        """The first fact of a kind with those members."""

        async def found() -> dict | None:
            failed = [f for f in self.heard if f.get("phase") == "failed" or f["type"] == "participant.refused"]
            if failed and parts.get("phase") != "failed":
                raise AssertionError(failed)
            fits = (f for f in self.heard if f["type"] == kind and parts.items() <= f.items())
            return next(fits, None)

        return await until(found, seconds)


@dataclass
class Process:
    """A program of ours that can be killed and started again."""

    argv: list[str]
    env: dict[str, str]
    log: Path
    child: subprocess.Popen | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                self.argv, env={"PATH": os.environ["PATH"], **self.env}, stdout=out, stderr=out
            )

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.child is not None:
            self.child.send_signal(number)
            self.child.wait(30)


@contextmanager
def running(*processes: Process) -> Iterator[None]:
    try:
        for one in processes:
            one.start()
        yield
    finally:
        for one in processes:
            if one.child is not None and one.child.poll() is None:
                one.child.send_signal(signal.SIGTERM)
        for one in processes:
            if one.child is not None:
                one.child.wait(30)


def dal_env(root: Path, port: int) -> dict[str, str]:
    own = {
        "GATEWAY": "gw-1",
        "SOURCES_FILES_FOLDER": str(root / "data"),
        "SOURCES_S3": buckets.read_text() if (buckets := root / "buckets.json").exists() else "[]",
        "STATE_FOLDER": str(root / "dal"),
        "ADMIN_SOCKET": str(root / "dal.sock"),
        "AGENT_KEYS": str(root / "key.pub"),
        "PORT": str(port),
    }
    return {f"FEDPACT_DAL_{name}": value for name, value in own.items()}


def agent_env(root: Path, url: str, **own: str) -> dict[str, str]:
    common = {"NATS_URL": url, "MODELS_DIR": str(MODELS), "END_WORKLOADS": "true", "SWEEP_SECONDS": "0.1"}
    return {f"FEDPACT_AGENT_{name.upper()}": value for name, value in {**common, **own}.items()}


def write_trust(folder: Path) -> None:
    (folder / "owners" / "clinic").mkdir(parents=True)
    (folder / "policy-service.pub.pem").write_bytes(keys.public_pem(POLICY_SERVICE))
    (folder / "owners" / "clinic" / "owner.pem").write_bytes(keys.public_pem(OWNER))


def write_data(folder: Path) -> None:
    folder.mkdir()
    with (folder / "hearts.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["age", "pressure"])
        rows.writerows([20 + n, 100 + n % 7] for n in range(40))


def pinned() -> PinnedModel:
    root = MODELS / "statistics"
    card = read_model_card(root)
    return PinnedModel(id=card.id, version=card.version, digest=package_digest(root), components=card.components)


def granted(model: PinnedModel) -> Dsse:
    now = datetime.now(UTC)  # noqa: TID251
    rule = Rule(model="statistics", permissions={"allowed_functions": ["*"]})
    document = PolicyDocument(
        id="p-1",
        name="p-1",
        organization="clinic",
        datasets=(DatasetScope(id=DATASET),),
        beneficiaries=Beneficiaries(users=("alice",)),
        rules=(rule,),
    )
    grant = Grant(
        spec_id="s-1",
        generation=1,
        gateway="gw-1",
        requester=USER,
        model=model,
        datasets=(DATASET,),
        resources=Resources(cpu=1, memory=1000),
        permissions=rule.permissions,
        rules={DATASET: "p-1#0"},
        policies=(signed_policy(document, OWNER),),
        issued_at=now,
        valid_until=now + timedelta(minutes=10),
    )
    return sign_grant(grant, POLICY_SERVICE)


@pytest.fixture
async def hub(nats_url: str) -> AsyncIterator[Hub]:
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, streams(), [directives_of(site) for site in ("hub", "gw-1")])
    client = await nats.connect(nats_url)
    one = Hub(client, free_port())
    app = web.Application(client_max_size=2**30)
    app.router.add_put("/uploads/{job}/{name:.+}", one.put)
    app.router.add_post("/uploads/{job}/complete", one.complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", one.port).start()
    await one.begin()
    yield one
    await runner.cleanup()
    await client.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_trust(tmp_path / "trust")
    write_data(tmp_path / "data")
    return tmp_path


@pytest.fixture
def bucket(root: Path) -> Iterator[None]:
    """The same data in a bucket, of which the DAL will be told."""
    with bucket_of(root / "weed", {"hearts.csv": (root / "data" / "hearts.csv").read_bytes()}) as told:
        (root / "buckets.json").write_text(told)
        yield


async def registered(root: Path, path: str = "") -> None:
    """A steward registers a dataset at the gateway."""

    async def there() -> bool:
        return (root / "agent.sock").exists() and (root / "dal.sock").exists()

    await until(there, 20)
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(root / "agent.sock"))) as session:
        body = json.dumps({"path": path or str(root / "data" / "hearts.csv"), "description": "hearts"})
        async with session.put("http://agent/datasets/hearts", data=body) as answer:
            assert answer.status == 200, await answer.text()


@dataclass
class Stage:
    """Agents and DAL of one federation."""

    gateway: Process
    dal: Process
    orchestrator: Process


@pytest.fixture
def stage(root: Path, nats_url: str) -> Iterator[Stage]:
    port, program = free_port(), [str(BIN / "fedpact-gateway-agent")]
    gateway = agent_env(
        root,
        nats_url,
        gateway="gw-1",
        organization="clinic",
        state_folder=str(root / "gw-1"),
        trust_folder=str(root / "trust"),
        dal_url=f"http://127.0.0.1:{port}",
        dal_admin_socket=str(root / "dal.sock"),
        admin_socket=str(root / "agent.sock"),
        key_file=str(root / "key"),
    )
    orchestrator = agent_env(
        root, nats_url, role="orchestrator", gateway="hub", organization="center", state_folder=str(root / "hub")
    )
    one = Stage(
        Process(program, gateway, root / "gw-1.log"),
        Process([str(BIN / "fedpact-dal-service")], dal_env(root, port), root / "dal.log"),
        Process(program, orchestrator, root / "hub.log"),
    )
    with running(one.gateway, one.dal, one.orchestrator):
        yield one


def client_wanted(model: PinnedModel) -> ParticipantDirective:
    return ParticipantDirective(
        spec_id="s-1",
        generation=1,
        attempt=1,
        gateway="gw-1",
        wanted=Wanted.PREPARED,
        participant="gw-1-1",
        model=model,
        resources=Resources(cpu=1, memory=1000),
        datasets=(DATASET,),
        grant=granted(model),
    )


def server_wanted(model: PinnedModel, csr: str) -> ServerDirective:
    return ServerDirective(
        spec_id="s-1",
        generation=1,
        attempt=1,
        gateway="hub",
        wanted=Wanted.RUNNING,
        model=model,
        resources=Resources(cpu=0.5, memory=512),
        requests={"gw-1-1": csr},
        organizations={"gw-1-1": "clinic"},
    )


def job_wanted(model: PinnedModel, job_id: str, payload: dict[str, object]) -> JobDirective:
    return JobDirective(
        spec_id="s-1",
        generation=1,
        attempt=1,
        gateway="hub",
        wanted=Wanted.RUNNING,
        job_id=job_id,
        model=model,
        payload=payload,
        datasets={DATASET: "gw-1"},
        sites=("gw-1-1",),
    )


async def activated(hub: Hub, model: PinnedModel) -> list[Directive]:
    """Plays spec_lifecycle until the sites are connected; what is wanted then."""
    client = client_wanted(model)
    await hub.want(client)
    server = server_wanted(model, (await hub.fact("participant.accepted"))["csr"])
    await hub.want(server)
    ready = await hub.fact("server.ready")
    endpoint = Endpoint(**{name: ready[name] for name in ("project", "host", "port", "root_ca")})
    more = {"wanted": Wanted.RUNNING, "endpoint": endpoint, "certificate": ready["certificates"]["gw-1-1"]}
    await hub.want(client.model_copy(update=more))
    await hub.fact("participant.changed", participant="gw-1-1", phase="ready")
    assert (await hub.fact("sites.connected"))["sites"] == ["gw-1-1"]
    return [client, server]


async def stopped(hub: Hub, wanted: list[Directive]) -> None:
    for directive in wanted:
        await hub.want(directive.model_copy(update={"wanted": Wanted.STOPPED, "grant": None, "requests": {}}))
    await hub.fact("participant.gone", participant="gw-1-1")
    await hub.fact("participant.gone", participant="server")


def files_left(root: Path) -> list[Path]:
    return [one for site in ("gw-1", "hub") for one in (root / site / "activations").rglob("*") if one.is_file()]


async def test_an_activation_runs_a_job_on_a_bucket_and_ends(root: Path, hub: Hub, bucket: None, stage: Stage) -> None:
    await registered(root, "s3://scans/hearts.csv")
    await hub.fact("gateway.spoke", gateway="hub")
    offered = await hub.fact("dataset.offered")
    assert (offered["dataset"], offered["shape"]["columns"]) == (DATASET, ["age", "pressure"])
    assert not [place for place in ("s3:", "scans", str(root)) if place in json.dumps(offered)]
    model = pinned()
    wanted = await activated(hub, model)
    await hub.want(job_wanted(model, "j-0", {"functions": ["everything"]}))
    assert "functions" in (await hub.fact("job.observed", job_id="j-0", phase="failed"))["reason"]
    hub.heard.clear()
    await hub.want(job_wanted(model, "j-1", {"functions": ["count", "mean"]}))
    await hub.fact("job.observed", phase="completed")
    assert "40" in hub.files["statistics/result.json"].decode()
    assert {one["name"] for one in hub.manifest["files"]} == set(hub.files)
    await stopped(hub, wanted)
    assert files_left(root) == []


async def test_agents_that_are_killed_find_their_activation_again(root: Path, hub: Hub, stage: Stage) -> None:
    await registered(root)
    model = pinned()
    wanted = await activated(hub, model)
    await hub.want(job_wanted(model, "j-1", {"functions": ["count"]}))
    await hub.fact("job.observed", phase="submitted")
    for agent in (stage.orchestrator, stage.gateway):
        agent.end(signal.SIGKILL)
    hub.heard = [one for one in hub.heard if one["type"] != "inventory.taken"]  # of their first lives
    for agent in (stage.orchestrator, stage.gateway):
        agent.start()
    await hub.fact("job.observed", phase="completed")
    assert "40" in hub.files["statistics/result.json"].decode()
    client = {"spec_id": "s-1", "generation": 1, "participant": "gw-1-1", "phase": "ready"}
    await hub.fact("inventory.taken", gateway="gw-1", present=[client])
    await stopped(hub, wanted)
    assert files_left(root) == []
