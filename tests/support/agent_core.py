"""An agent on scripted ports: everything that survives its crash is in `Site` and a SQLite file."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent_directives import GATEWAY, HUB, caused
from agent_ports import Documents, Launch, Parcels, Ports, TrustStore
from agent_site import ROOT, TOTALS, Site

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.sqlite import SqliteFile
from fedpact.contracts.directives import JobDirective, ParticipantDirective, ServerDirective
from fedpact.gateway_agent.adapters.roads import DirectRoads
from fedpact.gateway_agent.adapters.scripted import ScriptedFederation, ScriptedLauncher
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.activations import Activations
from fedpact.gateway_agent.app.admission import Admission
from fedpact.gateway_agent.app.client_work import ClientWork
from fedpact.gateway_agent.app.clients import Clients
from fedpact.gateway_agent.app.handlers import Handlers
from fedpact.gateway_agent.app.home import Home
from fedpact.gateway_agent.app.job_work import JobWork
from fedpact.gateway_agent.app.jobs import Jobs
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.app.server_work import ServerWork
from fedpact.gateway_agent.app.servers import Servers
from fedpact.gateway_agent.domain.pods import Runtime
from fedpact.gateway_agent.domain.watchdog import Patience


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
            enforced=lambda: self.launcher.limits_enforced,
            trust=TrustStore(self.site),
            data=ports,
            models=ports,
            offers=self._kept("datasets", kinds.offers(GATEWAY)),
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
            host_of=lambda _: "127.0.0.1",
            roads=DirectRoads(),
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
        return Servers(
            wishes=self.server_wishes,
            workloads=self.workloads,
            runs=self.runs,
            job_wishes=self.job_wishes,
            work=work,
        )

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


async def patiently(work: Callable[[], Awaitable[float | None]], most: int = 60) -> None:
    """Look until there is nothing to wait for that would come by itself."""
    for _ in range(most):
        delay = await work()
        if delay is None or delay >= 0.5:
            return
    await asyncio.sleep(0)
