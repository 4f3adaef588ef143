"""How gateways come in: by HTTP with an invitation, by the bus for the next credentials, by command for admins."""

from aiohttp import web

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.access import AskRenewal, EnrolmentRequest, InviteGateway, RevokeGateway
from fedpact.contracts.registry import GatewayRegistered
from fedpact.identity.app.access import Accesses
from fedpact.identity.entrypoints.forms import NO_STORE


def subscribe(bus: Bus, orders: Commands, accesses: Accesses) -> None:
    """Commands, the news of gateways, and the question for the next credentials."""
    bus.on(GatewayRegistered, accesses.sites.keep)
    bus.on_command(InviteGateway, orders.handle(InviteGateway, accesses.invite))
    bus.on_command(RevokeGateway, orders.handle(RevokeGateway, accesses.revoke))
    bus.on_query(AskRenewal, accesses.renew)


def serve(app: web.Application, bus: Bus, orders: Commands, accesses: Accesses) -> None:
    """All of it."""
    subscribe(bus, orders, accesses)

    async def enroll(request: web.Request) -> web.StreamResponse:
        wanted = EnrolmentRequest.model_validate_json(await request.read())
        given = await accesses.enroll(wanted)
        return web.Response(text=given.model_dump_json(), content_type="application/json", headers=NO_STORE)

    app.router.add_post("/gateways/enroll", enroll)
