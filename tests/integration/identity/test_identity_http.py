"""The issuer as its clients meet it: HTTP on a real socket, every grant and every refusal."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

import aiohttp
import pytest

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.http import make_app, serving
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser, Role
from fedpact.decision.actors import AUDIENCE, ISSUER, read_actor
from fedpact.identity.adapters.chance import SystemChance
from fedpact.identity.adapters.key_ring import KeyRing
from fedpact.identity.app import bootstrap
from fedpact.identity.app.bootstrap import Bootstrap
from fedpact.identity.app.devices import Devices
from fedpact.identity.app.handlers import Handlers
from fedpact.identity.app.issuer import Issuer, Terms
from fedpact.identity.app.kinds import DEVICES, ORGANIZATIONS, SESSIONS, USERS
from fedpact.identity.domain.model import hashed
from fedpact.identity.entrypoints.http import DEV_USER, DEVICE, Endpoints

START = datetime(2026, 1, 1, tzinfo=UTC)
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

    def __init__(self, folder, *, dev_login):
        self.clock = FakeClock(START)
        self.users = Stored(MemoryDocuments(), USERS)
        self.organizations = Stored(MemoryDocuments(), ORGANIZATIONS)
        self.stored = {"devices": MemoryDocuments(), "sessions": MemoryDocuments()}
        self.signer = KeyRing.at(folder / "signing.pem", issuer=ISSUER, audience=AUDIENCE)
        self.dev_login = dev_login
        self.base = ""
        self.http: aiohttp.ClientSession

    def app(self):
        app = make_app(checks={})
        terms = Terms(issuer=ISSUER, audience=AUDIENCE, access=timedelta(minutes=15), login=timedelta(days=14))
        chance = SystemChance()
        Endpoints(
            issuer=Issuer(
                users=self.users,
                logins=Stored(self.stored["sessions"], SESSIONS),
                signer=self.signer,
                chance=chance,
                clock=self.clock,
                terms=terms,
            ),
            devices=Devices(
                devices=Stored(self.stored["devices"], DEVICES),
                chance=chance,
                clock=self.clock,
                lifetime=timedelta(minutes=10),
                interval=5,
            ),
            organizations=self.organizations,
            signer=self.signer,
            clients=frozenset({"fedpact-cli"}),
            public_url=None,
            dev_login=self.dev_login,
        ).add_to(app)
        return app

    async def post(self, path, headers=None, **form):
        async with self.http.post(self.base + path, data=form, headers=headers or {}) as response:
            return await answer(response)

    async def get(self, path, **headers):
        async with self.http.get(self.base + path, headers=headers) as response:
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
        handlers = Handlers(organizations=self.organizations, users=self.users)
        await handlers.change_user(order, Cause(now=START))

    async def kept(self):
        return "".join([repr(await documents.every()) for documents in self.stored.values()])


async def answer(response):
    text = await response.text()
    body = await response.json(content_type=None) if "json" in response.content_type else {}
    return Answer(response.status, body, dict(response.headers), text)


async def running(folder, *, dev_login) -> AsyncIterator[Lab]:
    lab = Lab(folder, dev_login=dev_login)
    await bootstrap.apply(FOUNDING, lab.organizations, lab.users, START)
    async with serving(lab.app(), "127.0.0.1", 0) as port, aiohttp.ClientSession() as lab.http:
        lab.base = f"http://127.0.0.1:{port}"
        yield lab


@pytest.fixture
async def lab(tmp_path):
    async for it in running(tmp_path, dev_login=True):
        yield it


@pytest.fixture
async def strict_lab(tmp_path):
    async for it in running(tmp_path, dev_login=False):
        yield it


async def actor_of(lab, issued):
    keys = (await lab.get("/jwks")).body["keys"]
    return read_actor(issued.body["access_token"], keys, lab.clock.now())


async def test_discovery_names_only_what_answers(lab):
    found = (await lab.get("/.well-known/openid-configuration")).body
    assert found["issuer"] == "fedpact"
    assert (await lab.get(found["jwks_uri"].removeprefix(lab.base))).status == 200
    for name in ("token_endpoint", "device_authorization_endpoint", "revocation_endpoint"):
        assert (await lab.post(found[name].removeprefix(lab.base))).error == "invalid_request"
    assert (await lab.get(found["userinfo_endpoint"].removeprefix(lab.base))).status == 401
    assert found["grant_types_supported"] == ["client_credentials", "refresh_token", DEV_USER, DEVICE]


async def test_a_service_account_gets_a_token_that_every_service_reads(strict_lab):
    issued = await strict_lab.service()
    assert issued.status == 200
    assert issued.headers["Cache-Control"] == "no-store"
    assert (issued.body["token_type"], issued.body["expires_in"]) == ("Bearer", 900)
    assert "refresh_token" not in issued.body
    assert await actor_of(strict_lab, issued) == Actor(user="robot", organization="clinic")


async def test_client_credentials_come_by_http_basic_too(strict_lab):
    encoded = b64encode(f"robot:{quote_plus(SECRET)}".encode()).decode()
    issued = await strict_lab.token("client_credentials", {"Authorization": f"Basic {encoded}"})
    assert (await actor_of(strict_lab, issued)).user == "robot"


@pytest.mark.parametrize(("client", "secret"), [("robot", "wrong"), ("nobody", SECRET), ("ada", SECRET), ("ada", "x")])
async def test_wrong_credentials_are_refused_without_saying_what_is_wrong(strict_lab, client, secret):
    refused = await strict_lab.service(client, secret)
    assert (refused.status, refused.error) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert refused.body == (await strict_lab.service("robot", "also wrong")).body


@pytest.mark.parametrize(
    ("headers", "form", "error"),
    [
        ({}, {}, "invalid_client"),
        ({}, {"client_id": "robot"}, "invalid_client"),
        ({}, {"client_id": "robot", "client_secret": ""}, "invalid_client"),
        ({"Authorization": "Basic !"}, {}, "invalid_client"),
        ({"Authorization": "Bearer x"}, {}, "invalid_client"),
        ({"Authorization": "Basic cm9ib3Q6eA=="}, {"client_id": "robot", "client_secret": "x"}, "invalid_request"),
    ],
)
async def test_incomplete_credentials_are_refused(strict_lab, headers, form, error):
    assert (await strict_lab.token("client_credentials", headers, **form)).error == error


@pytest.mark.parametrize("grant", ["password", "authorization_code", DEVICE, DEV_USER])
async def test_grants_that_are_not_offered_are_refused(strict_lab, grant):
    refused = await strict_lab.token(grant, user="ada", client_id="fedpact-cli", device_code="x")
    assert (refused.status, refused.error) == (400, "unsupported_grant_type")


async def test_a_request_without_a_grant_or_not_a_form_is_refused(strict_lab):
    assert (await strict_lab.post("/token")).error == "invalid_request"
    async with strict_lab.http.post(strict_lab.base + "/token", json={"grant_type": "refresh_token"}) as response:
        assert (await answer(response)).error == "invalid_request"


@pytest.mark.parametrize("body", [b"grant_type=a&grant_type=b", b"grant_type=%ff", b"grant_type=\xff"])
async def test_a_form_that_is_ambiguous_or_unreadable_is_refused(strict_lab, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with strict_lab.http.post(strict_lab.base + "/token", data=body, headers=headers) as response:
        assert (await answer(response)).error in {"invalid_request", "unsupported_grant_type"}


async def test_a_person_logs_in_for_development(lab):
    issued = await lab.login()
    assert await actor_of(lab, issued) == Actor(
        user="ada",
        organization="clinic",
        roles=("data_scientist",),
        groups=("research",),
        email="ada@clinic.example",
    )


@pytest.mark.parametrize("user", ["nobody", "robot"])
async def test_only_known_people_log_in(lab, user):
    assert (await lab.login(user)).error == "invalid_grant"
    assert (await lab.token(DEV_USER)).error == "invalid_request"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_another_sites_page_cannot_use_the_development_login(lab, headers):
    assert (await lab.token(DEV_USER, headers, user="ada")).error == "access_denied"


async def test_refresh_tokens_rotate_and_a_spent_one_ends_the_login(lab):
    first = (await lab.login()).body["refresh_token"]
    second = await lab.token("refresh_token", refresh_token=first, client_id="fedpact-cli")
    assert (await actor_of(lab, second)).user == "ada"
    third = await lab.token("refresh_token", refresh_token=second.body["refresh_token"])
    assert third.status == 200
    reused = await lab.token("refresh_token", refresh_token=first)
    assert (reused.status, reused.error) == (400, "invalid_grant")
    assert (await lab.token("refresh_token", refresh_token=third.body["refresh_token"])).error == "invalid_grant"


async def test_a_refresh_token_belongs_to_its_client_and_to_its_time(lab):
    token = (await lab.login()).body["refresh_token"]
    assert (await lab.token("refresh_token", refresh_token=token, client_id="x")).error == "invalid_grant"
    lab.clock.pass_(14 * 86400)
    assert (await lab.token("refresh_token", refresh_token=token)).error == "invalid_grant"


@pytest.mark.parametrize("token", ["x", "x.y", ".", "a.b.c"])
async def test_what_is_no_refresh_token_is_refused(lab, token):
    assert (await lab.token("refresh_token", refresh_token=token)).error == "invalid_grant"


async def test_a_revoked_login_is_over(lab):
    token = (await lab.login()).body["refresh_token"]
    assert (await lab.post("/revoke", token=token)).status == 200
    assert (await lab.token("refresh_token", refresh_token=token)).error == "invalid_grant"


async def test_revoking_what_does_not_exist_is_no_error_but_access_tokens_cannot_be(lab):
    assert (await lab.post("/revoke", token="x.y")).status == 200
    assert (await lab.post("/revoke", token="x")).status == 200
    access = (await lab.login()).body["access_token"]
    assert (await lab.post("/revoke", token=access)).error == "unsupported_token_type"


async def test_a_disabled_user_gets_no_token_and_no_answer(lab):
    issued, device = await lab.login(), await lab.device()
    await lab.post("/device", user_code=device["user_code"], user="ada", decision="approve")
    await lab.disable("ada")
    await lab.disable("robot")
    assert (await lab.login()).error == "invalid_grant"
    assert (await lab.service()).error == "invalid_client"
    assert (await lab.poll(device)).error == "invalid_grant"
    assert (await lab.token("refresh_token", refresh_token=issued.body["refresh_token"])).error == "invalid_grant"
    refused = await lab.get("/userinfo", Authorization=f"Bearer {issued.body['access_token']}")
    assert (refused.status, refused.error) == (401, "invalid_token")


async def test_userinfo_says_who_the_bearer_is_now(lab):
    access = (await lab.login()).body["access_token"]
    assert (await lab.get("/userinfo", Authorization=f"bearer {access}")).body == {
        "sub": "ada",
        "name": "Ada <b>",
        "email": "ada@clinic.example",
        "org": "clinic",
        "org_name": "The Clinic",
        "roles": ["data_scientist"],
        "groups": ["research"],
        "service_account": False,
    }


async def test_userinfo_refuses_what_is_no_valid_token(lab):
    access = (await lab.login()).body["access_token"]
    forged = access[:-8] + "AAAAAAAA"
    for header in ("", "Basic eDp5", "Bearer", "Bearer x", f"Bearer {forged}"):
        refused = await lab.get("/userinfo", Authorization=header)
        assert (refused.status, refused.error) == (401, "invalid_token")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    lab.clock.pass_(900 + 30)
    assert (await lab.get("/userinfo", Authorization=f"Bearer {access}")).error == "invalid_token"


async def test_a_device_logs_in_the_person_who_approves(lab):
    device = await lab.device()
    assert device["verification_uri"] == f"{lab.base}/device"
    assert (device["expires_in"], device["interval"]) == (600, 5)
    assert (await lab.poll(device)).error == "authorization_pending"
    page = await lab.get("/device?user_code=" + device["user_code"])
    assert f'value="{device["user_code"]}"' in page.text
    typed = device["user_code"].lower().replace("-", " ")
    approved = await lab.post("/device", user_code=typed, user="olga", decision="approve")
    assert (approved.status, "Approved" in approved.text) == (200, True)
    issued = await lab.poll(device)
    assert (await actor_of(lab, issued)).user == "olga"
    assert (await lab.token("refresh_token", refresh_token=issued.body["refresh_token"])).status == 200
    assert (await lab.poll(device)).error == "invalid_grant"


async def test_a_device_that_asks_too_often_is_slowed_down(lab):
    device = await lab.device()
    assert (await lab.poll(device)).error == "authorization_pending"
    lab.clock.pass_(4)
    assert (await lab.poll(device)).error == "slow_down"
    lab.clock.pass_(9)
    assert (await lab.poll(device)).error == "slow_down"
    lab.clock.pass_(15)
    assert (await lab.poll(device)).error == "authorization_pending"


async def test_a_denied_device_is_told_so(lab):
    device = await lab.device()
    denied = await lab.post("/device", user_code=device["user_code"], user="olga", decision="deny")
    assert "Denied" in denied.text
    assert (await lab.poll(device)).error == "access_denied"


async def test_a_device_nobody_approves_expires(lab):
    device = await lab.device()
    lab.clock.pass_(600)
    assert (await lab.poll(device)).error == "expired_token"
    late = await lab.post("/device", user_code=device["user_code"], user="olga", decision="approve")
    assert (late.status, "no device waits" in late.text) == (400, True)


async def test_a_device_code_belongs_to_its_client(lab):
    device = await lab.device()
    assert (await lab.poll(device, "other")).error == "invalid_client"
    assert (await lab.poll({"device_code": "guess"})).error == "invalid_grant"
    assert (await lab.token(DEVICE, client_id="fedpact-cli")).error == "invalid_request"
    assert (await lab.token(DEVICE, device_code=device["device_code"])).error == "invalid_request"


async def test_a_device_of_an_unknown_client_is_refused(lab):
    assert (await lab.post("/device_authorization", client_id="other")).error == "invalid_client"
    assert (await lab.post("/device_authorization")).error == "invalid_request"


async def test_without_a_login_of_people_devices_are_told_at_once(strict_lab):
    refused = await strict_lab.post("/device_authorization", client_id="fedpact-cli")
    assert refused.error == "unauthorized_client"
    assert (await strict_lab.get("/device")).status == 403
    assert (await strict_lab.post("/device", user_code="x", user="ada", decision="approve")).status == 403


@pytest.mark.parametrize("user", ["robot", "nobody", ""])
async def test_nobody_but_a_person_approves(lab, user):
    device = await lab.device()
    refused = await lab.post("/device", user_code=device["user_code"], user=user, decision="approve")
    assert refused.status == 400
    assert (await lab.poll(device)).error == "authorization_pending"


async def test_another_sites_page_cannot_approve(lab):
    device = await lab.device()
    foreign = {"Origin": "https://evil.example"}
    refused = await lab.post("/device", foreign, user_code=device["user_code"], user="ada", decision="approve")
    assert refused.status == 400
    assert (await lab.poll(device)).error == "authorization_pending"


async def test_the_page_shows_text_as_text_and_stands_alone(lab):
    page = await lab.get('/device?user_code="><script>')
    assert "<script>" not in page.text
    assert "Ada &lt;b&gt;" in page.text
    assert "Robot" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


async def test_neither_codes_nor_tokens_are_kept_or_logged(lab, caplog):
    caplog.set_level("DEBUG")
    device, issued = await lab.device(), await lab.login()
    await lab.poll(device)
    secrets = [device["device_code"], device["user_code"], issued.body["access_token"]]
    secrets += [issued.body["refresh_token"], issued.body["refresh_token"].split(".")[1], SECRET]
    await lab.service()
    kept = await lab.kept()
    assert not [secret for secret in secrets if secret in kept or secret in caplog.text]
