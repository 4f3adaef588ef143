"""Identity, wired. The only module that knows all others."""

from datetime import timedelta

from fedpact.chassis import service
from fedpact.chassis.hub import Hub
from fedpact.chassis.service import Service
from fedpact.contracts.identity import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.decision.actors import AUDIENCE, read_actor
from fedpact.identity.adapters import bootstrap_file
from fedpact.identity.adapters.chance import SystemChance
from fedpact.identity.adapters.key_ring import KeyRing
from fedpact.identity.app import bootstrap
from fedpact.identity.app.codes import Codes
from fedpact.identity.app.devices import Devices
from fedpact.identity.app.handlers import Handlers
from fedpact.identity.app.issuer import Issuer, Terms
from fedpact.identity.app.kinds import CODES, DEVICES, ORGANIZATIONS, SESSIONS, USERS
from fedpact.identity.entrypoints import commands, questions
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

    async def found() -> None:
        await bootstrap.apply(founding, organizations, users, clock.now())

    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, Handlers(organizations=organizations, users=users))
    questions.subscribe(hub.bus, signer)
    app = hub.app()
    issuer = Issuer(users=users, logins=logins, signer=signer, chance=chance, clock=clock, terms=_terms(settings))
    Endpoints(
        issuer=issuer,
        codes=Codes(codes=carried, issuer=issuer, chance=chance, clock=clock),
        redirects=settings.redirects,
        devices=Devices(
            devices=waiting,
            chance=chance,
            clock=clock,
            lifetime=timedelta(seconds=settings.device_seconds),
            interval=settings.device_interval,
        ),
        organizations=organizations,
        signer=signer,
        clients=frozenset(settings.public_clients),
        public_url=settings.public_url,
        dev_login=settings.dev_login,
    ).add_to(app)
    return hub.service(
        {organizations: None, users: None, waiting: None, logins: None, carried: None}, app=app, prepare=[found]
    )


def run() -> None:
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)


def _terms(settings: Settings) -> Terms:
    return Terms(
        issuer=settings.issuer,
        audience=AUDIENCE,
        access=timedelta(seconds=settings.access_seconds),
        login=timedelta(seconds=settings.login_seconds),
    )
