"""A whole activation on this machine, through the agent's own adapters: CA, kits, processes, session."""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent_values import SERVER_NAME, launched, until

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.adapters.authority import FileAuthority, FileKeys
from fedpact.gateway_agent.adapters.federation import FlareFederation
from fedpact.gateway_agent.adapters.kits import FileKits
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.adapters.sockets import LocalSockets
from fedpact.gateway_agent.app.ports import EngineJob, Identity, Launcher, Ref, Session, Sockets, Subject
from fedpact.gateway_agent.domain.engine import is_final
from fedpact.gateway_agent.domain.errors import UnreachableError
from fedpact.gateway_agent.domain.kits import ADMIN_ROLE, ADMIN_USER, Joint, Terms
from fedpact.gateway_agent.domain.pods import (
    ADMIN,
    DataAccess,
    Member,
    PodName,
    Runtime,
    client_pod,
    place_of,
    project_of,
    server_pod,
)

PERSISTOR = "nvflare.app_common.np.np_model_persistor.NPModelPersistor"
TRAINER = "nvflare.app_common.np.np_trainer.NPTrainer"
FEDAVG = "nvflare.app_common.workflows.fedavg.FedAvg"
TERMS = (PERSISTOR, TRAINER, FEDAVG)
HOST = "localhost"
HERE = Runtime(python=sys.executable, search_path="/usr/bin:/bin")
ACCESS = DataAccess(url="http://127.0.0.1:1", token="none", datasets={})


@dataclass
class Activation:
    """One FLARE server and two clients under `root`."""

    root: Path
    host: str = HOST
    runtime: Runtime = HERE
    patience: float = 30.0
    """Seconds for whatever is started to be there."""

    def __post_init__(self) -> None:
        self.files = self.root / "activations"
        self.launcher: Launcher = ProcessLauncher(self.root / "state")
        self.federation = FlareFederation(self.root / "sessions")
        self.kits, self.keys = FileKits(self.files), FileKeys(self.files)
        self.authority = FileAuthority(self.files, now=lambda: datetime.now(UTC))  # noqa: TID251 - TLS is real
        self.clients = [SERVER_NAME.sibling(f"gateway-{n}-1") for n in (1, 2)]
        self.names = [SERVER_NAME, *self.clients]
        self.sockets: Sockets = LocalSockets()

    async def identity(self, name: PodName, subject: Subject) -> Identity:
        root = await self.authority.create(SERVER_NAME)
        signed = await self.authority.sign(SERVER_NAME, subject, await self.keys.request(name))
        return Identity(certificate=signed, root_ca=root)

    async def build(self) -> None:
        self.port = self.sockets.free_port()
        joint = self.joint = self.named(Joint(project=project_of("s-42", 3), host=self.host, port=self.port))
        hosts = tuple(host for host in (self.host, joint.name, "127.0.0.1") if host)
        reached = Subject(name=joint.identity, organization="hub-1", hosts=hosts)
        mine = await self.identity(SERVER_NAME, reached)
        await self.kits.server(SERVER_NAME, joint, self.terms(), mine)
        admin = SERVER_NAME.sibling(ADMIN)
        user = Subject(name=ADMIN_USER, organization="hub-1", role=ADMIN_ROLE)
        self.admin = await self.kits.admin(admin, joint, await self.identity(admin, user))
        for name in self.clients:
            subject = Subject(name=name.participant, organization="org-1")
            outside = self.outside(joint)
            await self.kits.client(name, outside, self.terms(), await self.identity(name, subject))
        await self.authority.seal(SERVER_NAME)

    def named(self, joint: Joint) -> Joint:
        """The server as it is called."""
        return joint

    def outside(self, joint: Joint) -> Joint:
        """The server as clients reach it."""
        return joint

    def terms(self) -> Terms:
        return Terms(components=TERMS, internal_port=self.sockets.free_port())

    def member(self, name: PodName) -> Member:
        return Member(name=name, place=place_of(self.files, name), organization="org-1", resources=Resources())

    async def start(self) -> Session:
        """A session with the server once both sites are connected."""
        server = self.outside(self.joint).dialed
        clients = [client_pod(self.member(name), self.runtime, ACCESS, server=server) for name in self.clients]
        await self.federation.warm()
        for pod in (server_pod(self.member(SERVER_NAME), self.runtime, port=self.port), *clients):
            await launched(self.launcher, pod)
        session = await self.session()

        async def complete() -> bool:
            return set((await session.system()).sites) == {name.participant for name in self.clients}

        await until(complete, self.patience)
        return session

    async def session(self) -> Session:
        await until(lambda: self.sockets.listening(self.host, self.port), self.patience)
        async with asyncio.timeout(self.patience):
            while True:
                try:
                    return await self.federation.open(self.admin)
                except UnreachableError:
                    await asyncio.sleep(0.1)

    async def stop(self) -> None:
        await self.federation.close()
        await asyncio.gather(*(self.launcher.stop(Ref(name=name)) for name in self.names))
        await self.kits.wipe_activation(SERVER_NAME)

    def job(
        self, name: str, *, executor: str = TRAINER, workflow: str = FEDAVG, code: str = "", sleep: int = 0
    ) -> Path:
        """A job folder: one round of numpy federated averaging, or what is made of it."""
        folder = self.root / "jobs" / name
        lists: dict[str, object] = {"format_version": 2, "task_data_filters": [], "task_result_filters": []}
        steps = {"num_clients": 2, "num_rounds": 1, "persistor_id": "persistor"}
        contents = {
            "meta.json": {"name": name, "resource_spec": {}, "min_clients": 2, "deploy_map": {"app": ["@ALL"]}},
            "app/config/config_fed_server.json": {
                **lists,
                "server": {"task_request_interval": 0.2},
                "components": [{"id": "persistor", "path": PERSISTOR, "args": {}}],
                "workflows": [{"id": "controller", "path": workflow, "args": steps}],
            },
            "app/config/config_fed_client.json": {
                **lists,
                "components": [],
                "executors": [{"tasks": ["train"], "executor": {"path": executor, "args": {"sleep_time": sleep}}}],
            },
        }
        for path, content in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(json.dumps(content))
        if code:
            (folder / "app" / "custom").mkdir()
            (folder / "app" / "custom" / "mine.py").write_text(code)
        return folder


async def ended(session: Session, job: str) -> EngineJob:
    """The job once FLARE is done with it."""
    last = await session.job(job)

    async def final() -> bool:
        nonlocal last
        last = await session.job(job)
        return is_final(last.status)

    await until(final, 45)
    return last
