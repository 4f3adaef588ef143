"""The agent beside the hub, wired: FLARE servers, their jobs, rendering and results."""

import time
from datetime import timedelta

from fedpact.chassis.service import Service
from fedpact.gateway_agent.adapters.authority import FileAuthority, FileKeys
from fedpact.gateway_agent.adapters.consoles import Consoles
from fedpact.gateway_agent.adapters.federation import FlareFederation
from fedpact.gateway_agent.adapters.kits import FileKits
from fedpact.gateway_agent.adapters.reserved_sockets import ReservedSockets
from fedpact.gateway_agent.adapters.roads import DirectRoads, EntranceRoads
from fedpact.gateway_agent.adapters.secure_runtime import SecureRuntimes
from fedpact.gateway_agent.adapters.telemetry import BusTelemetry
from fedpact.gateway_agent.adapters.uploads import ResultParcels
from fedpact.gateway_agent.app.activations import Activations
from fedpact.gateway_agent.app.handlers import JOBS, SERVERS
from fedpact.gateway_agent.app.job_work import JobWork
from fedpact.gateway_agent.app.jobs import Jobs
from fedpact.gateway_agent.app.kinds import LIVE, YES
from fedpact.gateway_agent.app.ports import Roads
from fedpact.gateway_agent.app.reconciler import Key, Reconciler
from fedpact.gateway_agent.app.server_work import ServerWork
from fedpact.gateway_agent.app.servers import Servers
from fedpact.gateway_agent.domain.watchdog import Patience
from fedpact.gateway_agent.domain.wishes import key_of
from fedpact.gateway_agent.entrypoints import events
from fedpact.gateway_agent.ground import Ground, Part
from fedpact.gateway_agent.settings import Settings


def compose(settings: Settings) -> Service:
    ground = Ground(settings)
    federation = FlareFederation(settings.state_folder / "sessions")
    renderers = SecureRuntimes.found(settings.activations)
    activations = Activations()
    servers = Servers(
        wishes=ground.server_wishes,
        workloads=ground.workloads,
        runs=ground.runs,
        job_wishes=ground.job_wishes,
        work=_server_work(ground, activations, federation, renderers),
    )
    jobs = Jobs(
        wishes=ground.job_wishes,
        runs=ground.runs,
        server_wishes=ground.server_wishes,
        workloads=ground.workloads,
        work=_job_work(ground, activations, federation, renderers),
    )

    async def known() -> list[Key]:
        wished = {key_of(wish.directive) for wish in await ground.server_wishes.every()}
        said = {f"{one.spec_id}/{one.participant}" for one in await ground.workloads.where(LIVE, YES)}
        open_jobs = [(JOBS, key_of(wish.directive)) for wish in await ground.job_wishes.every()]
        return [*((SERVERS, key) for key in sorted(wished | said)), *open_jobs]

    reconciler = Reconciler(
        sorts={SERVERS: servers.reconcile, JOBS: jobs.reconcile},
        known=known,
        strays=SERVERS,
        lookout=ground.lookout,
    )
    handlers = ground.handlers(reconciler.queue.call)
    events.subscribe_orchestrator(ground.bus, handlers)
    return ground.service(Part(reconciler=reconciler, handlers=handlers, close=(federation.close, renderers.close)))


def _server_work(
    ground: Ground, activations: Activations, federation: FlareFederation, renderers: SecureRuntimes
) -> ServerWork:
    settings, launching = ground.settings, ground.launching
    ticks, ports, drops = ground.lookout.ticks, settings.server_ports, launching.drops
    inner = ReservedSockets(ticks, drops=drops)
    return ServerWork(
        home=ground.home,
        host=settings.server_host,
        host_of=launching.host_of,
        roads=_roads(settings),
        activations=activations,
        lookout=ground.lookout,
        keys=FileKeys(settings.activations),
        kits=FileKits(settings.activations),
        authority=FileAuthority(settings.activations, ground.clock.now),
        sockets=ReservedSockets(ticks, ports, drops) if ports else inner,
        inner=inner,
        federation=federation,
        renderers=renderers,
        models=ground.models,
        journal=Consoles(settings.state_folder / "failed"),
        clock=ground.clock,
        patience=Patience(ready=timedelta(seconds=settings.ready_seconds)),
        listen_seconds=launching.listen_seconds,
    )


def _roads(settings: Settings) -> Roads:
    if settings.flare_entrance is None:
        return DirectRoads()
    host, port = settings.flare_entrance
    return EntranceRoads(host=host, port=port, domain=settings.flare_domain, folder=settings.routes)


def _job_work(
    ground: Ground, activations: Activations, federation: FlareFederation, renderers: SecureRuntimes
) -> JobWork:
    settings = ground.settings
    parcels = ResultParcels(
        gateway=settings.gateway,
        folder=settings.state_folder / "results",
        activations=settings.activations,
        ask=ground.bus.ask,
        clock=ground.clock,
    )
    return JobWork(
        home=ground.home,
        activations=activations,
        federation=federation,
        renderers=renderers,
        models=ground.models,
        parcels=parcels,
        gauges=ground.launching.gauges,
        telemetry=BusTelemetry(ground.bus, settings.gateway, ground.clock),
        clock=ground.clock,
        ticks=time.monotonic,
        deadline=settings.results_seconds,
    )
