"""Identity, wired. The only module that knows all others."""

from datetime import timedelta
from pathlib import Path

from fedpact.chassis import service
from fedpact.chassis.aggregates import Aggregates, Stored
from fedpact.chassis.clock import Clock
from fedpact.chassis.hub import Hub
from fedpact.chassis.service import Service
from fedpact.contracts.identity import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.contracts.registry import GatewayRegistered
from fedpact.contracts.sites import DOMAIN
from fedpact.contracts.statuses import STATUS_OF
from fedpact.decision.actors import AUDIENCE, read_actor
from fedpact.identity.adapters import bootstrap_file
from fedpact.identity.adapters.bus_authority import BusAuthority
from fedpact.identity.adapters.chance import SystemChance
from fedpact.identity.adapters.key_ring import KeyRing
from fedpact.identity.adapters.provider import HttpProvider
from fedpact.identity.app import bootstrap
from fedpact.identity.app.access import About, Accesses
from fedpact.identity.app.arrivals import Arrivals
from fedpact.identity.app.codes import Codes
from fedpact.identity.app.devices import Devices
from fedpact.identity.app.handlers import Handlers
from fedpact.identity.app.issuer import Issuer, Terms
from fedpact.identity.app.kinds import ACCESSES, CODES, DEVICES, ORGANIZATIONS, SESSIONS, USERS
from fedpact.identity.app.ports import Chance
from fedpact.identity.domain.access import Access
from fedpact.identity.domain.access import Terms as AccessTerms
from fedpact.identity.domain.model import Device
from fedpact.identity.entrypoints import access, commands, queries
from fedpact.identity.entrypoints.away import Away
from fedpact.identity.entrypoints.http import Endpoints
from fedpact.identity.settings import Settings

NAME = "identity"


def compose(settings: Settings) -> Service:
    """The service, not yet started."""
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    organizations, users = hub.kept("organizations", ORGANIZATIONS), hub.kept("users", USERS)
    waiting, logins = hub.kept("devices", DEVICES), hub.kept("sessions", SESSIONS)
    carried = hub.kept("codes", CODES)
    signer = KeyRing.at(settings.key_file, issuer=settings.issuer, audience=AUDIENCE)
    founding = bootstrap_file.read(settings.bootstrap_file)
    chance, clock = SystemChance(), hub.clock
    provider = settings.provider.issuer if settings.provider else None
    handlers = Handlers(organizations=organizations, users=users, provider=provider)

    async def found() -> None:
        await bootstrap.apply(founding, handlers, clock.now())

    reached = hub.kept("gateways", ACCESSES)
    accesses = _accesses(hub, settings, reached)
    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, handlers)
    queries.subscribe(hub.bus, signer, users, organizations, clock)
    app = hub.app(STATUS_OF)
    access.serve(app, hub.bus, orders, accesses)
    issuer = Issuer(users=users, logins=logins, signer=signer, chance=chance, clock=clock, terms=_terms(settings))
    Endpoints(
        issuer=issuer,
        codes=Codes(codes=carried, issuer=issuer, chance=chance, clock=clock),
        redirects=settings.redirects,
        devices=_devices(settings, waiting, chance, clock),
        organizations=organizations,
        signer=signer,
        away=_away(settings, handlers, chance, clock),
        loopback=frozenset(settings.loopback_clients),
        clients=frozenset(settings.public_clients),
        public_url=settings.public_url,
        dev_login=settings.dev_login,
    ).add_to(app)
    return hub.service({reached: accesses.tick}, app=app, prepare=[found], tasks=[accesses.run])


def run() -> None:
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)


def _terms(settings: Settings) -> Terms:
    return Terms(
        issuer=settings.issuer,
        audience=AUDIENCE,
        access=timedelta(seconds=settings.access_seconds),
        login=timedelta(seconds=settings.provider.login_seconds if settings.provider else settings.login_seconds),
    )


def _devices(settings: Settings, waiting: Aggregates[Device], chance: Chance, clock: Clock) -> Devices:
    lifetime = timedelta(seconds=settings.device_seconds)
    return Devices(devices=waiting, chance=chance, clock=clock, lifetime=lifetime, interval=settings.device_interval)


def _accesses(hub: Hub, settings: Settings, reached: Stored[Access]) -> Accesses:
    """Gateways on the bus, and who vouches for them where the setup allows that."""
    authority = None
    if settings.enrolment_folder:
        told = About(
            bus_url=settings.bus_url or settings.nats_url,
            bus_domain=DOMAIN,
            bus_ca=_text(settings.bus_ca_file),
            policy_key=_text(settings.policy_key_file),
        )
        authority = BusAuthority.at(
            settings.enrolment_folder, url=settings.nats_url, ca_file=settings.nats_ca_file, told=told
        )
    return Accesses(
        known=reached,
        sites=hub.copies("sites", GatewayRegistered),
        authority=authority,
        terms=AccessTerms(
            lifetime=timedelta(days=settings.gateway_days), fixed=authority.fixed if authority else frozenset()
        ),
        clock=hub.clock,
    )


def _text(file: Path | None) -> str:
    return file.read_text() if file else ""


def _away(settings: Settings, people: Handlers, chance: Chance, clock: Clock) -> Away | None:
    """The way to the identity provider, when one is connected."""
    if settings.provider is None or settings.public_url is None:
        return None
    arrivals = Arrivals(
        users=people.users,
        organizations=people.organizations,
        provider=HttpProvider(settings.provider.registration, clock),
        belief=settings.provider.belief,
        clock=clock,
    )
    return Away(arrivals=arrivals, chance=chance, public_url=settings.public_url.rstrip("/"))
