"""The agent of a custodian's gateway, wired. Nothing of the orchestrator's is loaded, FLARE least of all."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from fedpact.chassis.local import serving_locally
from fedpact.chassis.service import Service
from fedpact.gateway_agent.adapters.authority import FileKeys
from fedpact.gateway_agent.adapters.consoles import Consoles
from fedpact.gateway_agent.adapters.dal_admin import DalAdmin
from fedpact.gateway_agent.adapters.gateway_key import DalTokens, gateway_key
from fedpact.gateway_agent.adapters.inbox_folder import InboxFolder
from fedpact.gateway_agent.adapters.kits import FileKits
from fedpact.gateway_agent.adapters.reserved_sockets import ReservedSockets
from fedpact.gateway_agent.adapters.trust import TrustFolder
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.admission import Admission
from fedpact.gateway_agent.app.client_work import ClientWork
from fedpact.gateway_agent.app.clients import Clients
from fedpact.gateway_agent.app.handlers import CLIENTS, PROPOSALS, Call
from fedpact.gateway_agent.app.kinds import LIVE, YES
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.app.proposals import Proposals
from fedpact.gateway_agent.app.queries import Queries
from fedpact.gateway_agent.app.reconciler import Key, Reconciler
from fedpact.gateway_agent.domain.wishes import key_of
from fedpact.gateway_agent.entrypoints import events
from fedpact.gateway_agent.entrypoints.admin import Admin
from fedpact.gateway_agent.ground import Ground, Part
from fedpact.gateway_agent.settings import Settings


def compose(settings: Settings) -> Service:
    ground = Ground(settings)
    data = DalAdmin(_given(settings.dal_admin_socket))
    trust = TrustFolder(settings.gateway, _given(settings.trust_folder), settings.allow_unsigned)
    clients = Clients(
        wishes=ground.participant_wishes,
        workloads=ground.workloads,
        work=_work(ground, data, trust),
        clock=ground.clock,
    )

    async def known() -> list[Key]:
        wished = {key_of(wish.directive) for wish in await ground.participant_wishes.every()}
        said = {f"{one.spec_id}/{one.participant}" for one in await ground.workloads.where(LIVE, YES)}
        asked = [(PROPOSALS, key) for key in await proposals.known()]
        return [*((CLIENTS, key) for key in sorted(wished | said)), *asked]

    async def answered(key: str) -> float | None:
        return await proposals.reconcile(key)

    sorts = {CLIENTS: clients.reconcile, PROPOSALS: answered}
    reconciler = Reconciler(sorts=sorts, known=known, strays=CLIENTS, lookout=ground.lookout)
    handlers = ground.handlers(reconciler.queue.call)
    offers = Offers(
        gateway=settings.gateway,
        organization=settings.organization,
        offers=ground.offers,
        data=data,
        clock=ground.clock,
    )
    proposals = _proposals(ground, offers, reconciler.queue.call)
    events.subscribe_gateway(ground.bus, handlers, proposals)
    admin = _admin(ground, offers, lambda: handlers.applied)

    async def administered() -> None:
        async with serving_locally(admin.app(), settings.admin_socket or settings.state_folder / "admin.socket"):
            await asyncio.Event().wait()

    tasks, checks = (administered, offers.repeat), {"trust": trust.problem}
    return ground.service(Part(reconciler=reconciler, handlers=handlers, tasks=tasks, checks=checks))


def _admin(ground: Ground, offers: Offers, applied: Callable[[], int]) -> Admin:
    return Admin(offers=offers, queries=_queries(ground, offers), applied=applied, renewal=ground.renewal)


def _proposals(ground: Ground, offers: Offers, call: Call) -> Proposals:
    folder = ground.settings.inbox
    return Proposals(
        gateway=ground.settings.gateway,
        inbox=InboxFolder(folder) if folder else None,
        offers=offers,
        heard=ground.proposals_heard,
        answers=ground.proposals_answered,
        call=call,
        clock=ground.clock,
    )


def _work(ground: Ground, data: DalAdmin, trust: TrustFolder) -> ClientWork:
    settings = ground.settings
    admission = Admission(
        totals=settings.totals,
        enforced=lambda: ground.lookout.launcher.limits_enforced,
        trust=trust,
        data=data,
        models=ground.models,
        offers=ground.offers,
        permits=ground.kept("permits", kinds.PERMITS),
        revisions=ground.kept("revisions", kinds.REVISIONS),
        clock=ground.clock,
    )
    return ClientWork(
        home=ground.home,
        admission=admission,
        lookout=ground.lookout,
        keys=FileKeys(settings.activations),
        kits=FileKits(settings.activations),
        sockets=ReservedSockets(ground.lookout.ticks),
        data=data,
        models=ground.models,
        tokens=DalTokens(
            gateway=settings.gateway,
            key=gateway_key(_given(settings.key_file)),
            lifetime=settings.token_lifetime,
            now=ground.clock.now,
        ),
        journal=Consoles(settings.state_folder / "failed"),
        data_url=settings.dal_url,
        proxy=ground.proxy.url if ground.proxy else "",
        via=settings.flare_via,
    )


def _queries(ground: Ground, offers: Offers) -> Queries:
    settings = ground.settings
    return Queries(
        gateway=settings.gateway,
        role=settings.role,
        totals=settings.totals,
        workloads=ground.workloads,
        runs=ground.runs,
        offers=offers,
    )


def _given(path: Path | None) -> Path:
    assert path is not None, "the settings of a gateway are complete"
    return path
