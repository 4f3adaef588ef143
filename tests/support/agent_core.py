"""An agent on scripted ports: everything that survives its crash is in `World` and a SQLite file."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent_values import NOON
from cryptography import x509
from decision_values import HEARTS, MODEL, OWNER, POLICY_SERVICE, grant

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.sqlite import SqliteDocuments, SqliteFile
from fedpact.contracts.dal import ActivationAccess, MappedDataset, OpenActivation
from fedpact.contracts.directives import JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.envelope import Envelope, Message
from fedpact.contracts.pact import Endpoint, PinnedModel, Resources
from fedpact.contracts.policies import Dsse
from fedpact.contracts.registry import DatasetShape
from fedpact.decision import keys
from fedpact.decision.grants import Trust, Veto, sign_grant
from fedpact.gateway_agent.adapters import certificates
from fedpact.gateway_agent.adapters.scripted import ScriptedFederation, ScriptedLauncher, ScriptedServer, World
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.activations import Activations
from fedpact.gateway_agent.app.admission import Admission
from fedpact.gateway_agent.app.client_work import ClientWork
from fedpact.gateway_agent.app.clients import Clients
from fedpact.gateway_agent.app.doors import LocalModel, Round
from fedpact.gateway_agent.app.handlers import Handlers
from fedpact.gateway_agent.app.home import Home
from fedpact.gateway_agent.app.job_work import JobWork
from fedpact.gateway_agent.app.jobs import Jobs
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.app.ports import Identity, Subject
from fedpact.gateway_agent.app.server_work import ServerWork
from fedpact.gateway_agent.app.servers import Servers
from fedpact.gateway_agent.domain.errors import (
    ModelMissingError,
    RenderRefusedError,
    ResultsRefusedError,
    VetoUnreadableError,
)
from fedpact.gateway_agent.domain.kits import Joint, Terms
from fedpact.gateway_agent.domain.pods import PodName, Runtime, place_of
from fedpact.gateway_agent.domain.runs import Outcome
from fedpact.gateway_agent.domain.watchdog import Patience

KEY_OF_ALL = certificates.new_key()
"""Making one takes longer than any test."""
GATEWAY = "gw-1"
HUB = "hub"
SPEC = "s-1"
CLIENT = "gw-1-1"
KEY = f"{SPEC}/{CLIENT}"
SERVER_KEY = f"{SPEC}/server"
JOB_KEY = f"{SPEC}/j-1"
ROOT = Path("/agent")
TOTALS = Resources(cpu=4, gpu=0, memory=8000)
MINUTES = timedelta(minutes=1)
ENDPOINT = Endpoint(project="s-1-1", host="localhost", port=4711, root_ca="the root")


class Crash(BaseException):
    """kill -9: nothing catches it."""


@dataclass
class Fuse:
    """Counts every effect on the world and burns through before or after the n-th."""

    left: int = -1

    def step(self) -> None:
        if self.left == 0:
            self.left = -1
            raise Crash
        self.left -= self.left > 0


@dataclass
class Site:
    """What outlives an agent: processes, files, the DAL, FLARE, the jobs service."""

    path: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    world: World = field(default_factory=World)
    fuse: Fuse = field(default_factory=Fuse)
    keys_made: dict[PodName, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    kits: set[PodName] = field(default_factory=set)
    open: dict[str, OpenActivation] = field(default_factory=dict)
    mapped: set[str] = field(default_factory=lambda: {HEARTS})
    registered: set[PodName] = field(default_factory=set)
    taken: set[PodName] = field(default_factory=set)
    roots: dict[PodName, str] = field(default_factory=dict)
    sealed: set[PodName] = field(default_factory=set)
    listening: set[int] = field(default_factory=set)
    flare: ScriptedServer = field(default_factory=ScriptedServer)
    model_there: bool = True
    dal_up: bool = True
    trust: Trust = field(
        default_factory=lambda: Trust(
            gateway=GATEWAY,
            policy_service=keys.by_id([POLICY_SERVICE.public_key()]),
            owners={"clinic": keys.by_id([OWNER.public_key()])},
            datasets=frozenset(),
        )
    )
    trust_readable: bool = True
    veto_readable: bool = True
    rendered: dict[str, Path] = field(default_factory=dict)
    parcels: dict[str, Outcome] = field(default_factory=dict)
    sealed_at: dict[str, datetime] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    jobs_up: bool = True
    refusal: str = ""
    told: list[Message] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    most_alive: int = 0

    def veto(self, veto: Veto) -> None:
        self.trust = replace(self.trust, veto=veto)

    async def effect(self, change: Callable[[], object]) -> None:
        """`change`, with a chance to die on either side of it."""
        self.fuse.step()
        change()
        self.fuse.step()


@dataclass
class Launch:
    """The scripted launcher, which may also be killed between its checkpoints."""

    site: Site
    inner: ScriptedLauncher
    limits_enforced: tuple[str, ...] = ()

    async def launch(self, pod):
        async for checkpoint in self.inner.launch(pod):
            self.site.fuse.step()
            alive = [n for n in self.site.world.pods if n.participant == pod.name.participant]
            self.site.most_alive = max(self.site.most_alive, len(alive))
            yield checkpoint

    async def observe(self):
        return await self.inner.observe()

    async def stop(self, ref):
        self.site.fuse.step()
        await self.inner.stop(ref)
        self.site.fuse.step()


@dataclass
class Ports:
    """Every other port, over the site."""

    site: Site

    async def request(self, name: PodName) -> str:
        if name not in self.site.keys_made:
            self.site.fuse.step()
            self.site.keys_made[name] = certificates.request_pem(name.participant, KEY_OF_ALL)
            self.site.secrets.append(str(name))
            self.site.fuse.step()
        return self.site.keys_made[name]

    async def server(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        return await self._kit(name)

    async def admin(self, name: PodName, joint: Joint, identity: Identity) -> Path:
        return await self._kit(name)

    async def client(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        return await self._kit(name)

    async def _kit(self, name: PodName) -> Path:
        await self.site.effect(lambda: self.site.kits.add(name))
        return place_of(ROOT, name).kit

    async def wipe(self, name: PodName) -> None:
        def gone() -> None:
            self.site.kits.discard(name)
            self.site.keys_made.pop(name, None)
            self.site.registered.discard(name)

        await self.site.effect(gone)

    async def wipe_activation(self, name: PodName) -> None:
        def gone() -> None:
            same = lambda one: (one.spec_id, one.generation) == (name.spec_id, name.generation)  # noqa: E731
            self.site.kits = {one for one in self.site.kits if not same(one)}
            self.site.keys_made = {one: key for one, key in self.site.keys_made.items() if not same(one)}
            self.site.roots.pop(name, None)
            self.site.sealed.discard(name)
            self.site.rendered.clear()

        await self.site.effect(gone)

    async def create(self, server: PodName) -> str:
        self.site.roots.setdefault(server, f"root of {server}")
        return self.site.roots[server]

    async def sign(self, server: PodName, subject: Subject, request: str) -> str:
        return f"{subject.name} signed by {self.site.roots[server]}"

    async def seal(self, server: PodName) -> None:
        await self.site.effect(lambda: self.site.sealed.add(server))

    def free_port(self) -> int:
        return 4711

    async def listening(self, host: str, port: int) -> bool:
        return port in self.site.listening

    async def datasets(self) -> Sequence[MappedDataset]:
        self._dal()
        return [MappedDataset(dataset=one, path="/data", address=f"{one}/data.csv") for one in sorted(self.site.mapped)]

    async def map(self, dataset: str, path: str) -> MappedDataset:
        self._dal()
        self.site.mapped.add(dataset)
        return MappedDataset(dataset=dataset, path=path, address=f"{dataset}/x", shape=DatasetShape(rows=3))

    async def unmap(self, dataset: str) -> None:
        self._dal()
        self.site.mapped.discard(dataset)

    async def open(self, activation: str, access: OpenActivation) -> ActivationAccess:
        self._dal()
        await self.site.effect(lambda: self.site.open.__setitem__(activation, access))
        return ActivationAccess(
            activation=activation,
            datasets=access.datasets,
            addresses={one: f"{one}/data.csv" for one in access.datasets},
            valid_until=access.valid_until,
            requester=access.requester,
            model=access.model,
        )

    async def revoke(self, activation: str) -> None:
        self._dal()
        await self.site.effect(lambda: self.site.open.pop(activation, None))

    def _dal(self) -> None:
        if not self.site.dal_up:
            raise UnavailableError("the DAL is away")

    async def find(self, model: PinnedModel) -> LocalModel:
        if not self.site.model_there:
            raise ModelMissingError(f"model `{model.id}` is not here")
        return LocalModel(folder=Path("/models"), code=Path("/models/src"), components=("pkg.",))

    def mint(self, activation: str, datasets: Sequence[str]) -> str:
        return f"token of {activation}"

    async def begin(self, log: Path) -> None:
        return

    async def registered(self, log: Path) -> bool:
        return any(place_of(ROOT, name).log == log for name in self.site.registered)

    async def port_taken(self, log: Path) -> bool:
        return any(place_of(ROOT, name).log == log for name in self.site.taken)

    async def keep(self, log: Path, name: PodName) -> None:
        return

    async def start(self, server: PodName, model: LocalModel) -> None:
        return

    async def render(self, server, job, payload, *, sites, bounds) -> Mapping[str, str]:
        if payload.get("bad"):
            raise RenderRefusedError("`bad` is set", path="bad")
        side = '{"components": []}'
        meta = '{"name": "job", "resource_spec": {}, "min_clients": 1, "deploy_map": {"app": ["@ALL"]}}'
        files = {f"app/config/config_fed_{one}.json": side for one in ("server", "client")}
        return {"meta.json": meta, **files}

    async def end(self, server: PodName) -> None:
        return

    async def job(self, server: PodName, job: str) -> Path | None:
        return self.site.rendered.get(job)

    async def write_job(self, server: PodName, job: str, files: Mapping[str, str]) -> Path:
        await self.site.effect(lambda: self.site.rendered.__setitem__(job, Path("/jobs") / job))
        return self.site.rendered[job]

    def inbox(self, job: str) -> Path:
        return self.site.path / "inbox" / job

    async def seal_results(self, job: str, folder: Path, outcome: Outcome) -> None:
        self.site.sealed_at[job] = self.site.clock.now()
        await self.site.effect(lambda: self.site.parcels.__setitem__(job, outcome))

    async def rounds(self, server_kit: Path, engine_job: str, after: int) -> tuple[Sequence[Round], int]:
        return self.site.rounds[after:], len(self.site.rounds)

    async def tell(self, message: Message) -> None:
        self.site.told.append(message)


@dataclass
class Parcels:
    ports: Ports

    def __getattr__(self, name: str) -> object:
        return getattr(self.ports, name)

    async def seal(self, job: str, folder: Path, outcome: Outcome) -> None:
        await self.ports.seal_results(job, folder, outcome)

    async def sealed(self, job: str) -> Outcome | None:
        return self.ports.site.parcels.get(job)

    async def since(self, job: str) -> float:
        return (self.ports.site.clock.now() - self.ports.site.sealed_at[job]).total_seconds()

    async def store(self, spec_id: str, job: str) -> None:
        site = self.ports.site
        if site.refusal:
            raise ResultsRefusedError(site.refusal)
        if not site.jobs_up:
            raise UnavailableError("the jobs service is away")
        await site.effect(lambda: site.stored.append(job))

    async def forget(self, job: str) -> None:
        self.ports.site.parcels.pop(job, None)


@dataclass
class TrustStore:
    site: Site

    async def trust(self) -> Trust:
        if not self.site.trust_readable:
            raise UnavailableError("the trust folder cannot be read")
        if not self.site.veto_readable:
            raise VetoUnreadableError("it is not JSON")
        return self.site.trust


@dataclass
class Documents:
    """A real store, with a chance to die on either side of each save."""

    site: Site
    inner: SqliteDocuments

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    async def save(self, *args: object, **more: object) -> bool:
        self.site.fuse.step()
        saved = await self.inner.save(*args, **more)
        self.site.fuse.step()
        return saved


@dataclass
class Agent:
    """One life of an agent on a site. Another on the same site is the agent after its crash."""

    site: Site

    def __post_init__(self) -> None:
        self.file = SqliteFile(self.site.path / "agent.sqlite", self.site.clock.now())
        self.workloads = self._kept("workloads", kinds.workloads(GATEWAY))
        self.runs = self._kept("jobs", kinds.jobs(HUB))
        wishes = [
            self._kept(name, kind)
            for name, kind in (
                ("p", kinds.PARTICIPANT_WISHES),
                ("s", kinds.SERVER_WISHES),
                ("j", kinds.JOB_WISHES),
            )
        ]
        self.participants, self.server_wishes, self.job_wishes = wishes
        self.called: set[tuple[str, str]] = set()
        self.handlers = Handlers(
            gateway=GATEWAY,
            participants=self.participants,
            servers=self.server_wishes,
            jobs=self.job_wishes,
            call=self.called.add,
        )
        self.ports = Ports(self.site)
        self.launcher = Launch(self.site, ScriptedLauncher(self.site.world))
        self.lookout = Lookout(self.launcher, lambda: self.site.clock.now().timestamp())
        self.home = Home(
            gateway=GATEWAY, organization="clinic", folder=ROOT, runtime=Runtime(python="python", search_path="/bin")
        )
        self.clients = self._clients()
        self.activations = Activations()
        self.federation = ScriptedFederation(server=self.site.flare)
        self.servers = self._servers()
        self.jobs = self._jobs()

    def _kept(self, name: str, kind: object) -> Stored:
        return Stored(Documents(self.site, self.file.collection(name)), kind)

    def _clients(self) -> Clients:
        ports = self.ports
        admission = Admission(
            totals=TOTALS,
            trust=TrustStore(self.site),
            data=ports,
            models=ports,
            permits=self._kept("permits", kinds.PERMITS),
            revisions=self._kept("revisions", kinds.REVISIONS),
            clock=self.site.clock,
        )
        work = ClientWork(
            home=self.home,
            admission=admission,
            lookout=self.lookout,
            keys=ports,
            kits=ports,
            sockets=ports,
            data=ports,
            models=ports,
            tokens=ports,
            journal=ports,
            data_url="http://dal",
        )
        return Clients(wishes=self.participants, workloads=self.workloads, work=work, clock=self.site.clock)

    def _servers(self) -> Servers:
        ports = self.ports
        work = ServerWork(
            home=self.home,
            host="localhost",
            activations=self.activations,
            lookout=self.lookout,
            keys=ports,
            kits=ports,
            authority=ports,
            sockets=ports,
            inner=ports,
            federation=self.federation,
            renderers=ports,
            models=ports,
            journal=ports,
            clock=self.site.clock,
            patience=Patience(),
        )
        return Servers(wishes=self.server_wishes, workloads=self.workloads, runs=self.runs, work=work)

    def _jobs(self) -> Jobs:
        ports = self.ports
        work = JobWork(
            home=self.home,
            activations=self.activations,
            federation=self.federation,
            renderers=ports,
            models=ports,
            parcels=Parcels(ports),
            gauges=ports,
            telemetry=ports,
            clock=self.site.clock,
            ticks=self.lookout.ticks,
            deadline=300,
        )
        return Jobs(
            wishes=self.job_wishes,
            runs=self.runs,
            server_wishes=self.server_wishes,
            workloads=self.workloads,
            work=work,
        )

    async def hear(self, directive: ParticipantDirective | ServerDirective | JobDirective, sequence: int) -> None:
        cause = caused(directive, sequence, self.site.clock.now())
        match directive:
            case ParticipantDirective():
                await self.handlers.participant(directive, cause)
            case ServerDirective():
                await self.handlers.server(directive, cause)
            case _:
                await self.handlers.job(directive, cause)

    async def said(self, key: str) -> list[str]:
        """Everything that was ever said about `key`, in order, as its last words: `Accepted`, `failed`, `Gone`."""
        found = [*await self.workloads.documents.every(), *await self.runs.documents.every()]
        return [_word(entry) for one in found if one.key == key for entry in one.outbox]

    def close(self) -> None:
        self.file.close()


def _word(entry: Mapping[str, object]) -> str:
    body = json.loads(str(entry["body"]))
    kind = str(entry["headers"]["ce-type"]).rsplit(".", 1)[-1]  # type: ignore[index]
    return str(body["phase"]) if "phase" in body else kind


def caused(directive: Message, sequence: int, now: datetime) -> Cause:
    envelope = Envelope(
        source="fedpact/spec_lifecycle/specs", type=directive.type, subject=SPEC, time=now, sequence=sequence
    )
    return Cause(now=now, envelope=envelope, stream="directives", stream_sequence=sequence)


def granted(*, generation: int = 1, until: datetime = NOON + 10 * MINUTES, **parts: object) -> Dsse:
    values = {"issued_at": NOON, "valid_until": until, "generation": generation, "resources": Resources(cpu=1)}
    return sign_grant(grant(**{**values, **parts}), POLICY_SERVICE)


def certified(csr: str, participant: str = CLIENT) -> str:
    """A certificate for the key behind `csr`."""
    issuer = certificates.Issuer(
        project="s-1-1", key=KEY_OF_ALL, begin=datetime(2026, 1, 1, tzinfo=UTC), end=NOON + 60 * MINUTES
    )
    subject = Subject(name=participant, organization="clinic")
    public = x509.load_pem_x509_csr(csr.encode()).public_key()
    return certificates.pem(certificates.certificate(issuer, subject, public))


def participant(wanted: Wanted = Wanted.PREPARED, **parts: object) -> ParticipantDirective:
    values = {
        "spec_id": SPEC,
        "generation": 1,
        "attempt": 1,
        "gateway": GATEWAY,
        "wanted": wanted,
        "participant": CLIENT,
        "model": MODEL,
        "resources": Resources(cpu=1),
        "datasets": (HEARTS,),
        "grant": GRANT if wanted is not Wanted.STOPPED else None,
    }
    return ParticipantDirective(**{**values, **parts})


def server(wanted: Wanted = Wanted.RUNNING, **parts: object) -> ServerDirective:
    values = {
        "spec_id": SPEC,
        "generation": 1,
        "attempt": 1,
        "gateway": GATEWAY,
        "wanted": wanted,
        "model": MODEL,
        "resources": Resources(cpu=1),
        "requests": {CLIENT: "csr"} if wanted is Wanted.RUNNING else {},
    }
    return ServerDirective(**{**values, **parts})


def job(wanted: Wanted = Wanted.RUNNING, **parts: object) -> JobDirective:
    values = {
        "spec_id": SPEC,
        "generation": 1,
        "attempt": 1,
        "gateway": GATEWAY,
        "wanted": wanted,
        "job_id": "j-1",
        "model": MODEL,
        "payload": {},
        "datasets": {HEARTS: GATEWAY},
        "sites": (CLIENT,),
    }
    return JobDirective(**{**values, **parts})


GRANT = granted()


async def patiently(work: Callable[[], Awaitable[float | None]], most: int = 60) -> None:
    """Look until there is nothing to wait for that would come by itself."""
    for _ in range(most):
        delay = await work()
        if delay is None or delay >= 0.5:
            return
    await asyncio.sleep(0)
