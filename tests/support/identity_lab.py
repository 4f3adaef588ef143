"""The issuer on a socket, with a clock that tests move, and a client for it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.http import make_app, serving
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser, Role
from fedpact.decision.actors import AUDIENCE, ISSUER, read_actor
from fedpact.identity.adapters.chance import SystemChance
from fedpact.identity.adapters.key_ring import KeyRing
from fedpact.identity.adapters.provider import HttpProvider
from fedpact.identity.app import bootstrap
from fedpact.identity.app.arrivals import Arrivals
from fedpact.identity.app.bootstrap import Bootstrap
from fedpact.identity.app.codes import Codes
from fedpact.identity.app.devices import Devices
from fedpact.identity.app.handlers import Handlers
from fedpact.identity.app.issuer import Issuer, Terms
from fedpact.identity.app.kinds import CODES, DEVICES, ORGANIZATIONS, SESSIONS, USERS
from fedpact.identity.domain.model import hashed
from fedpact.identity.entrypoints.away import Away
from fedpact.identity.entrypoints.http import DEV_USER, DEVICE, Endpoints

START = datetime(2026, 1, 1, tzinfo=UTC)
PORTAL, CALLBACK = "fedpact-portal", "http://127.0.0.1:7070/login/callback"
SECRET = "a secret with: signs & spaces +%"
FOUNDING = Bootstrap(
    organizations=(RegisterOrganization(organization="clinic", name="The Clinic"),),
    users=(
        RegisterUser(
            user="ada",
            organization="clinic",
            name="Ada <b>",
            email="ada@clinic.example",
            roles=(Role.DATA_SCIENTIST,),
            groups=("research",),
        ),
        RegisterUser(user="olga", organization="clinic", name="Olga", roles=(Role.OWNER,)),
    ),
    service_accounts=(RegisterUser(user="robot", organization="clinic", name="Robot", secret_hash=hashed(SECRET)),),
)


@dataclass
class Answer:
    status: int
    body: dict
    headers: dict
    text: str = ""

    @property
    def error(self):
        assert self.status >= 400
        assert self.body["error_description"]
        return self.body["error"]


class Lab:
    """The issuer on a socket, its clock, and a client."""

    def __init__(self, folder, *, dev_login, clock=None, provider=None, public_url=None):
        self.clock = clock or FakeClock(START)
        self.users = Stored(MemoryDocuments(), USERS)
        self.organizations = Stored(MemoryDocuments(), ORGANIZATIONS)
        self.stored = {name: MemoryDocuments() for name in ("devices", "sessions", "codes")}
        self.signer = KeyRing.at(folder / "signing.pem", issuer=ISSUER, audience=AUDIENCE)
        self.dev_login, self.provider, self.public_url = dev_login, provider, public_url
        self.handlers = Handlers(
            organizations=self.organizations, users=self.users, provider=provider.issuer if provider else None
        )
        self.base = ""
        self.http: aiohttp.ClientSession

    def app(self):
        app = make_app(checks={})
        terms = Terms(issuer=ISSUER, audience=AUDIENCE, access=timedelta(minutes=15), login=timedelta(days=14))
        chance = SystemChance()
        issuer = Issuer(
            users=self.users,
            logins=Stored(self.stored["sessions"], SESSIONS),
            signer=self.signer,
            chance=chance,
            clock=self.clock,
            terms=terms,
        )
        Endpoints(
            issuer=issuer,
            codes=Codes(codes=Stored(self.stored["codes"], CODES), issuer=issuer, chance=chance, clock=self.clock),
            redirects={PORTAL: [CALLBACK]},
            devices=Devices(
                devices=Stored(self.stored["devices"], DEVICES),
                chance=chance,
                clock=self.clock,
                lifetime=timedelta(minutes=10),
                interval=5,
            ),
            organizations=self.organizations,
            signer=self.signer,
            away=self.away(chance),
            loopback=frozenset({"fedpact-cli"}),
            clients=frozenset({"fedpact-cli", PORTAL}),
            public_url=self.public_url or (self.base if self.provider else None),
            dev_login=self.dev_login,
        ).add_to(app)
        return app

    def away(self, chance):
        if self.provider is None:
            return None
        arrivals = Arrivals(
            users=self.users,
            organizations=self.organizations,
            provider=HttpProvider(self.provider.registration, self.clock),
            belief=self.provider.belief,
            clock=self.clock,
        )
        return Away(arrivals=arrivals, chance=chance, public_url=self.public_url or self.base)

    async def post(self, path, headers=None, **form):
        sent = self.http.post(self.base + path, data=form, headers=headers or {}, allow_redirects=False)
        async with sent as response:
            return await answer(response)

    async def get(self, path, **headers):
        async with self.http.get(self.base + path, headers=headers, allow_redirects=False) as response:
            return await answer(response)

    async def token(self, grant, headers=None, **form):
        return await self.post("/token", headers, grant_type=grant, **form)

    async def service(self, client="robot", secret=SECRET):
        return await self.token("client_credentials", client_id=client, client_secret=secret)

    async def login(self, user="ada"):
        return await self.token(DEV_USER, user=user, client_id="fedpact-cli")

    async def device(self):
        return (await self.post("/device_authorization", client_id="fedpact-cli")).body

    async def poll(self, device, client="fedpact-cli"):
        return await self.token(DEVICE, device_code=device["device_code"], client_id=client)

    async def disable(self, user):
        actor = Actor(user="root", organization="clinic", roles=(Role.ADMIN,))
        order = Order(command=ChangeUser(user=user, disabled=True), actor=actor, now=START)
        await self.handlers.change_user(order, Cause(now=self.clock.now()))

    async def kept(self):
        return "".join([repr(await documents.every()) for documents in self.stored.values()])


async def answer(response):
    text = await response.text()
    body = await response.json(content_type=None) if "json" in response.content_type else {}
    return Answer(response.status, body, dict(response.headers), text)


async def running(folder, *, dev_login, port=0, **different) -> AsyncIterator[Lab]:
    lab = Lab(folder, dev_login=dev_login, **different)
    lab.base = f"http://127.0.0.1:{port}" if port else ""
    await bootstrap.apply(FOUNDING, lab.handlers, lab.clock.now())
    async with serving(lab.app(), "127.0.0.1", port) as taken, aiohttp.ClientSession() as lab.http:
        lab.base = f"http://127.0.0.1:{taken}"
        yield lab


async def actor_of(lab, issued):
    told = (await lab.get("/jwks")).body
    return read_actor(issued.body["access_token"], told, lab.clock.now())
