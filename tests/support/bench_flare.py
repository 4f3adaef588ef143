"""
Bare FLARE, as an engineer would run it by hand: the reference of the benchmarks that run federations.

Keys, certificates and kits are made (leaner than by FLARE's own provisioner, which takes a second longer), the server
is launched, the clients as soon as it listens, a session is opened, and both sites have to be listed. That order is
the fastest on a machine of few cores: clients that start with the server compete with it and then wait to try again.
What the script itself would have loaded before it began, FLARE's session library, is loaded before the clock starts.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_values import SERVER_NAME, launched, until
from flare_activation import ACCESS, TERMS, Activation

from fedpact.contracts.pact import Resources
from fedpact.contracts.specs import Payload
from fedpact.gateway_agent.app.ports import Session
from fedpact.gateway_agent.domain.engine import is_final
from fedpact.gateway_agent.domain.kits import JOB_PROCESSES, PROGRAM, Terms
from fedpact.gateway_agent.domain.pods import DataAccess, Member, PodName, client_pod, server_pod
from fedpact.secure_runtime.adapters.loader import load_service
from fedpact.secure_runtime.adapters.package import read_model_card
from fedpact.secure_runtime.domain.rendered import check_rendered

LOADED = 3.0
"""Seconds that surely suffice to load FLARE."""
LOOK = 0.05
LAUNCHERS = {
    f"{JOB_PROCESSES}.ServerJobs": "nvflare.app_common.job_launcher.server_process_launcher.ServerProcessJobLauncher",
    f"{JOB_PROCESSES}.ClientJobs": "nvflare.app_common.job_launcher.client_process_launcher.ClientProcessJobLauncher",
}
"""Our launcher of job processes -> the one that FLARE comes with."""
HOST = """
from fedpact.gateway_agent.adapters import flare_host
flare_host.read_keys_once = lambda: None
flare_host.main()
"""
"""The process of a session that calls FLARE and changes nothing of it."""


@dataclass
class BareFlare(Activation):
    """One FLARE server and two clients under `root`."""

    components: tuple[str, ...] = TERMS
    access: DataAccess = ACCESS
    packages: tuple[Path, ...] = ()
    each: Resources = field(default_factory=Resources)
    """What each process may use, where its launcher holds it to that."""
    timeline: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.federation = replace(self.federation, command=(sys.executable, "-c", HOST))

    def terms(self) -> Terms:
        return Terms(components=self.components, internal_port=self.sockets.free_port())

    def member(self, name: PodName) -> Member:
        return replace(super().member(name), resources=self.each)

    async def build(self) -> None:
        """The kits, with nothing of ours in them."""
        await super().build()
        for name in self.names:
            as_flare_comes(self.member(name).place.kit)

    async def prepare(self) -> None:
        """Load what a script has loaded when it begins."""
        await self.federation.warm()
        await asyncio.sleep(LOADED)

    async def start(self) -> Session:
        """A session with the server once both sites are connected."""
        runtime = replace(self.runtime, packages=self.packages)
        await launched(self.launcher, server_pod(self.member(SERVER_NAME), runtime, port=self.port))
        await until(lambda: self.sockets.listening(self.host, self.port))
        self._mark("server listens")
        for name in self.clients:
            await launched(self.launcher, client_pod(self.member(name), runtime, self.access))
        session = await self.session()
        self._mark("session open")
        wanted = {name.participant for name in self.clients}

        async def complete() -> bool:
            return set((await session.system()).sites) == wanted

        await until(complete)
        self._mark("both sites listed")
        return session

    async def activate(self) -> Session:
        """Everything from nothing, with a mark at each step."""
        self.timeline.clear()
        self._began = time.perf_counter()
        await self.build()
        self._mark("kits made")
        return await self.start()

    def _mark(self, step: str) -> None:
        self.timeline[step] = time.perf_counter() - self._began


def as_flare_comes(kit: Path) -> None:
    """Puts FLARE's own launcher of job processes where the kit has ours."""
    (kit / PROGRAM).unlink()
    resources = kit / "local" / "resources.json"
    text = resources.read_text()
    for ours, its in LAUNCHERS.items():
        text = text.replace(ours, its)
    resources.write_text(text)


@asynccontextmanager
async def activated(flare: BareFlare) -> AsyncIterator[Session]:
    """A session with a running federation, stopped at the end of the block."""
    await flare.prepare()
    try:
        yield await flare.activate()
    finally:
        await flare.stop()


def rendered(package: Path, payload: Payload, datasets: Mapping[str, str], sites: Sequence[str], into: Path) -> Path:
    """The job folder that the model's own template makes of `payload`. `datasets`: dataset -> gateway."""
    service, card = load_service(package), read_model_card(package)
    raw = service.template(service.parse(json.dumps(payload)), datasets)
    for name, text in check_rendered(raw, sites=sites, components=card.components).items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(text)
    return into


async def finished(session: Session, job: str, seconds: float = 120.0) -> str:
    """The status FLARE ends the job with."""
    async with asyncio.timeout(seconds):
        while not is_final(status := (await session.job(job)).status):  # noqa: ASYNC110 - FLARE is asked, it does not tell
            await asyncio.sleep(LOOK * 2)
    return status
