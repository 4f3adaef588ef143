"""What both roles are wired from: store, bus, launcher, and what a site says of itself."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from fedpact.chassis.aggregates import Kind, Stored
from fedpact.chassis.bus import Bus, OwnDurable
from fedpact.chassis.clock import Clock, SystemClock
from fedpact.chassis.guard import failure_of
from fedpact.chassis.http import Check, make_app
from fedpact.chassis.proxies import proxy_at
from fedpact.chassis.service import Service, Work
from fedpact.chassis.sqlite import SqliteFile
from fedpact.chassis.telemetry import tracing
from fedpact.contracts.telemetry import GatewayAlive
from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.adapters.bus_credentials import CredentialsFile
from fedpact.gateway_agent.adapters.telemetry import BusTelemetry
from fedpact.gateway_agent.adapters.tunnels import Tunnel
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.handlers import Call, Handlers
from fedpact.gateway_agent.app.home import Home
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.app.presence import Site
from fedpact.gateway_agent.app.reconciler import Reconciler
from fedpact.gateway_agent.app.renewal import Renewal
from fedpact.gateway_agent.launching import launching, models
from fedpact.gateway_agent.settings import Settings

S = TypeVar("S")
RETRY_SECONDS = 2.0
log = logging.getLogger(__name__)


class Ground:
    """One agent's surroundings. Nothing connects before the service is run."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings, self.clock = settings, clock or SystemClock()
        files.folder(settings.state_folder)
        self.store = SqliteFile(settings.state_folder / "agent.sqlite", self.clock.now())
        gateway = settings.gateway
        own = OwnDurable(stream="directives", name=f"gw-{gateway}")
        self.proxy = proxy_at(settings.proxy, settings.proxy_login_file)
        self.tunnel = Tunnel.to(settings.nats_url, self.proxy) if self.proxy else None
        bus = self.tunnel.near(settings) if self.tunnel else settings
        self.bus = Bus(bus, gateway, self.clock, tracer=tracing(gateway, settings.otlp_endpoint), own=own)
        self.renewal = self._renewal(settings.renewed) if settings.renewed else None
        self.workloads = self.kept("workloads", kinds.workloads(gateway))
        self.runs = self.kept("jobs", kinds.jobs(gateway))
        self.offers = self.kept("datasets", kinds.offers(gateway))
        self.sites = self.kept("site", kinds.sites(gateway))
        self.proposals_heard = self.kept("proposals", kinds.PROPOSALS_HEARD)
        self.proposals_answered = self.kept("proposal-answers", kinds.answers(gateway))
        self.participant_wishes = self.kept("participant-wishes", kinds.PARTICIPANT_WISHES)
        self.server_wishes = self.kept("server-wishes", kinds.SERVER_WISHES)
        self.job_wishes = self.kept("job-wishes", kinds.JOB_WISHES)
        self.launching, self.models = launching(settings), models(settings)
        self.lookout = Lookout(self.launching.launcher, time.monotonic)
        self.home = Home(
            gateway=gateway,
            organization=settings.organization,
            folder=settings.activations,
            runtime=self.launching.runtime,
        )
        self.site = Site(
            gateway=gateway,
            role=settings.role,
            totals=settings.totals,
            version=version("fedpact-gateway-agent"),
            lookout=self.lookout,
            sites=self.sites,
            workloads=self.workloads,
            clock=self.clock,
            capabilities=settings.capabilities,
        )

    def kept(self, collection: str, kind: Kind[S]) -> Stored[S]:
        return Stored(self.store.collection(collection), kind)

    def handlers(self, call: Call) -> Handlers:
        """The handlers of directives, which have `call` called for what they remembered."""
        return Handlers(
            gateway=self.settings.gateway,
            participants=self.participant_wishes,
            servers=self.server_wishes,
            jobs=self.job_wishes,
            call=call,
        )

    def service(self, part: "Part") -> Service:
        """The agent, ready to run."""
        settings = self.settings

        async def spoke() -> None:
            await asyncio.sleep(settings.spoke_seconds)  # the first time was before anything else
            await self.repeated(self.site.speak, settings.spoke_seconds)

        async def alive() -> None:
            await self.bus.caught_up()
            await self.repeated(self.breathe, settings.alive_seconds)

        async def counted() -> None:
            await self.bus.caught_up()
            heard = part.handlers
            await self.repeated(lambda: self.site.count(heard.applied, heard.heard_at), settings.count_seconds)

        async def reconciled() -> None:
            await self.bus.caught_up()
            await part.reconciler.run()

        published = (self.workloads, self.runs, self.offers, self.sites, self.proposals_answered)
        silent = (self.participant_wishes, self.server_wishes, self.job_wishes, self.proposals_heard)
        return Service(
            name=settings.gateway,
            settings=settings,
            bus=self.bus,
            app=make_app(checks={"bus": self.bus.problem, **part.checks}, registry=self.bus.registry),
            clock=self.clock,
            kinds=dict.fromkeys((*published, *silent)),
            prepare=(*((self.tunnel.open,) if self.tunnel else ()), self.site.speak),
            tasks=(reconciled, spoke, counted, alive, *((self.renewal.run,) if self.renewal else ()), *part.tasks),
            close=(*((self.tunnel.close,) if self.tunnel else ()), *part.close, self._close, *self.launching.close),
        )

    def _renewal(self, file: Path) -> Renewal:
        return Renewal(
            gateway=self.settings.gateway,
            files=CredentialsFile(file),
            ask=self.bus.ask,
            reconnect=self.bus.reconnect if file == self.settings.nats_creds_file else _nothing,
            clock=self.clock,
        )

    async def breathe(self) -> None:
        """Say that this site is there."""
        gateway = self.settings.gateway
        await BusTelemetry(self.bus, gateway, self.clock).tell(GatewayAlive(gateway=gateway, at=self.clock.now()))

    async def repeated(self, work: Work, seconds: float) -> None:
        """Do `work` every so often; what does not work now is tried again soon."""
        while True:
            failure = await failure_of(work())
            if failure:
                log.warning("tried again: %s", failure)
            await asyncio.sleep(RETRY_SECONDS if failure else seconds)

    async def _close(self) -> None:
        if self.settings.end_workloads:
            view = await self.lookout.see()
            await asyncio.gather(*(self.lookout.stop(name) for name in view))
        self.store.close()


async def _nothing() -> None:
    """The site's own server, whose credentials they are, reads them at its next connection."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a role adds."""

    reconciler: Reconciler
    handlers: Handlers
    tasks: tuple[Work, ...] = ()
    close: tuple[Work, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict)
    """What else it takes to be ready."""
