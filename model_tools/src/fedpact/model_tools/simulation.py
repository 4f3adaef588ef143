"""
A whole activation on this machine, without a hub: one FLARE server, one client per custodian, one session.

It is put together from what the agents of server and sites use: the activation's own CA, their kits with the list of
allowed classes, their launcher, their session. So what runs here runs there, and what a site would refuse is refused
here. Nothing of it stays: at the end every process is gone and the folder is removed by its owner.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from fedpact.chassis.clock import Clock
from fedpact.contracts.ids import participant_id
from fedpact.contracts.pact import Demand
from fedpact.gateway_agent.adapters.authority import FileAuthority, FileKeys
from fedpact.gateway_agent.adapters.federation import FlareFederation
from fedpact.gateway_agent.adapters.kits import FileKits
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.adapters.reserved_sockets import ReservedSockets
from fedpact.gateway_agent.app.doors import LocalModel
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.app.ports import Identity, Life, Session, Subject
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
    server_of,
    server_pod,
)
from fedpact.gateway_agent.launching import SEARCH_PATH
from fedpact.model_tools.errors import NotConnectedError
from fedpact.model_tools.pact import GENERATION, SPEC, Part

HOST, LOOPBACK = "localhost", "127.0.0.1"
SERVER = server_of(SPEC, GENERATION)
ORGANIZATION = "hub"
READY_SECONDS = 120.0
PAUSE = 0.1


def name_of(part: Part) -> PodName:
    """The custodian's one FLARE client."""
    return SERVER.sibling(participant_id(part.gateway, 1))


@dataclass(slots=True, kw_only=True)
class Simulation:
    """`folder` holds everything of it; `demand` is what the model's card asks for."""

    folder: Path
    model: LocalModel
    demand: Demand
    clock: Clock
    files: Path = field(init=False)
    federation: FlareFederation = field(init=False)
    lookout: Lookout = field(init=False)
    _sockets: ReservedSockets = field(init=False)

    def __post_init__(self) -> None:
        self.files = self.folder / "activations"
        self.federation = FlareFederation(self.folder / "sessions")
        self.lookout = Lookout(ProcessLauncher(self.folder / "launches"), time.monotonic)
        self._sockets = ReservedSockets(time.monotonic)

    async def start(self, doors: Mapping[Part, DataAccess], end: AsyncExitStack) -> Session:
        """A session with the server once every site is connected; `end` undoes whatever was done."""
        end.push_async_callback(self._stop)
        await self.federation.warm()
        joint = Joint(project=project_of(SPEC, GENERATION), host=HOST, port=self._sockets.free_port())
        admin = await self._server(joint)
        for part, door in doors.items():
            await self._client(joint, part, door)
        await FileAuthority(self.files, self.clock.now).seal(SERVER)
        return await self._connected(joint.port, admin, {name_of(part).participant for part in doors})

    def log(self, name: PodName) -> Path:
        """What the participant's process says."""
        return place_of(self.files, name).log

    def kit(self, name: PodName) -> Path:
        """Where the participant's process runs."""
        return place_of(self.files, name).kit

    async def check(self) -> None:
        """Raises `NotConnectedError` when a process that should run has ended."""
        for name, seen in (await self.lookout.see()).items():
            if seen.life is Life.EXITED:
                raise NotConnectedError(f"the FLARE process of `{name.participant}` ended with {seen.exit_code}")

    async def _server(self, joint: Joint) -> Path:
        kits = FileKits(self.files)
        mine = Subject(name=HOST, organization=ORGANIZATION, hosts=(LOOPBACK,))
        await kits.server(SERVER, joint, self._terms(), await self._identity(SERVER, mine))
        await self.lookout.launch(server_pod(self._member(SERVER, ORGANIZATION), self._runtime()))
        admin = SERVER.sibling(ADMIN)
        user = Subject(name=ADMIN_USER, organization=ORGANIZATION, role=ADMIN_ROLE)
        return await kits.admin(admin, joint, await self._identity(admin, user))

    async def _client(self, joint: Joint, part: Part, door: DataAccess) -> None:
        name = name_of(part)
        subject = Subject(name=name.participant, organization=part.organization)
        await FileKits(self.files).client(name, joint, self._terms(), await self._identity(name, subject))
        await self.lookout.launch(client_pod(self._member(name, part.organization), self._runtime(), door))

    async def _identity(self, name: PodName, subject: Subject) -> Identity:
        authority = FileAuthority(self.files, self.clock.now)
        root = await authority.create(SERVER)
        signed = await authority.sign(SERVER, subject, await FileKeys(self.files).request(name))
        return Identity(certificate=signed, root_ca=root)

    def _terms(self) -> Terms:
        return Terms(components=self.model.components, internal_port=self._sockets.free_port())

    def _member(self, name: PodName, organization: str) -> Member:
        resources = self.demand.server if name == SERVER else self.demand.clients
        return Member(name=name, place=place_of(self.files, name), organization=organization, resources=resources)

    def _runtime(self) -> Runtime:
        return Runtime(python=sys.executable, search_path=SEARCH_PATH, packages=(self.model.code,))

    async def _connected(self, port: int, admin: Path, expected: set[str]) -> Session:
        seen: set[str] = set()
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._sockets.listening(LOOPBACK, port):
                    await self._pause()
                session = await self._session(admin)
                while not expected <= (seen := set((await session.system()).sites)):
                    await self._pause()
                return session
        except TimeoutError as error:
            missing = ", ".join(f"`{site}`" for site in sorted(expected - seen))
            raise NotConnectedError(f"{missing} did not connect within {READY_SECONDS:g} s") from error

    async def _session(self, admin: Path) -> Session:
        while True:
            try:
                return await self.federation.open(admin)
            except UnreachableError:
                await self._pause()

    async def _pause(self) -> None:
        await self.check()
        await asyncio.sleep(PAUSE)

    async def _stop(self) -> None:
        await self.federation.close()
        await asyncio.gather(*(self.lookout.stop(name) for name in await self.lookout.see()))
