"""Portal and identity as they run, with one address for both: everybody logs in below the portal."""

import asyncio
import json
import re
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

import pytest
from aiohttp import ClientError, ClientSession, CookieJar
from hub_service import settings_of
from servers import free_port, until
from yarl import URL

from fedpact.chassis import bus_admin
from fedpact.chassis.settings import HubSettings
from fedpact.client.clock import Clock
from fedpact.client.oauth import Issuer
from fedpact.identity import main as identity
from fedpact.identity.domain.model import hashed
from fedpact.identity.entrypoints.http import DEVICE
from fedpact.identity.settings import Settings as IdentitySettings
from fedpact.infra import topology
from fedpact.portal import main as portal
from fedpact.portal.settings import Settings as PortalSettings

SECRET = "of-the-robot"
HIDDEN = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/",
    "",
    "/jwks/x",
    "/%2e%2e/metrics",
    "/..%2fmetrics",
    "//metrics",
    "/%6dx",
)
"""Places below `/identity` that are nobody's business."""
FOUNDING = {
    "organizations": [{"organization": "clinic", "name": "Clinic"}],
    "users": [{"user": "ada", "organization": "clinic", "name": "Ada", "roles": ["admin"]}],
    "service_accounts": [
        {"user": "robot", "organization": "clinic", "name": "Robot", "roles": ["admin"], "secret_hash": hashed(SECRET)}
    ],
}


@dataclass(kw_only=True)
class Hub:
    """One address for people, and behind it both services."""

    folder: Path
    nats_url: str
    mongo_port: int
    http: ClientSession
    port: int = field(default_factory=free_port)
    inside_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket(self) -> Path:
        return self.folder / "s" / "identity.sock"

    @asynccontextmanager
    async def identity(self) -> AsyncIterator[None]:
        founding = self.folder / "identity.json"
        founding.write_text(json.dumps(FOUNDING))
        settings = IdentitySettings(
            **settings_of(self.nats_url, self.mongo_port, self.folder, "identity")
            | {"database": self._name("identity")},
            port=self.inside_port,
            socket=self.socket,
            key_file=self.folder / "tokens.pem",
            bootstrap_file=founding,
            public_url=f"{self.url}/identity",
            redirects={"fedpact-portal": (f"{self.url}/login/callback",)},
            dev_login=True,
        )
        async with _running(identity, settings):
            await until(lambda: _ready(self.http, f"http://127.0.0.1:{self.inside_port}/readyz"))
            yield

    @asynccontextmanager
    async def portal(self, inside: str) -> AsyncIterator[None]:
        settings = PortalSettings(
            **settings_of(self.nats_url, self.mongo_port, self.folder, "portal") | {"database": self._name("portal")},
            port=self.port,
            public_url=self.url,
            issuer_url=f"{self.url}/identity",
            identity_url=inside,
        )
        async with _running(portal, settings):
            await until(lambda: _ready(self.http, f"{self.url}/readyz"))
            yield

    async def get(self, place: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        url = URL(urljoin(self.url, place), encoded=True)
        async with self.http.request(method, url, headers=headers, allow_redirects=False) as answer:
            return answer.status, dict(answer.headers), await answer.text()

    async def post(self, place: str, origin: str = "", **form: str) -> tuple[int, dict[str, str], str]:
        headers = {"Origin": origin} if origin else {}
        sent = self.http.post(urljoin(self.url, place), data=form, headers=headers, allow_redirects=False)
        async with sent as answer:
            return answer.status, dict(answer.headers), await answer.text()

    async def token(self, **form: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((await self.post("/identity/token", **form))[2])
        return told

    async def me(self, bearer: str) -> str:
        status, _, text = await self.get("/v1/me", Authorization=f"Bearer {bearer}")
        assert status == 200, text
        return str(json.loads(text)["user"])

    def _name(self, service: str) -> str:
        return f"{service}-{self.port}"


@asynccontextmanager
async def _running(module: ModuleType, settings: HubSettings) -> AsyncIterator[None]:
    stopped = asyncio.Event()
    task = asyncio.create_task(module.compose(settings).run(stopped))
    try:
        yield
    finally:
        stopped.set()
        await task


async def _ready(http: ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as answer:
            return answer.status == 200
    except ClientError:
        return False


@pytest.fixture
async def hub(nats_url: str, mongo_port: int, tmp_path: Path) -> AsyncIterator[Hub]:
    durables = [durable for durable in topology.durables() if durable.name in {"portal", "identity"}]
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, topology.streams(), durables)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        yield Hub(folder=tmp_path, nats_url=nats_url, mongo_port=mongo_port, http=http)


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """Where a page's form goes, and what is in it before anybody touches it."""
    [action] = re.findall(r'<form method="post" action="([^"]+)"', page)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return unescape(action), {name: unescape(value) for name, value in hidden}


async def test_everybody_logs_in_below_the_portal(hub: Hub) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hub.identity())
        await stack.enter_async_context(hub.portal(f"unix:{hub.socket}"))
        assert stat.S_IMODE(hub.socket.stat().st_mode) == 0o600
        await a_program(hub)
        await a_person_in_a_browser(hub)
        await a_device(hub)
        await asyncio.to_thread(a_command_that_believes_the_name, hub)
        await what_is_not_public(hub)
    assert not hub.socket.exists()


async def a_program(hub: Hub) -> None:
    status, _, text = await hub.get("/identity/.well-known/openid-configuration")
    told = json.loads(text)
    places = {name: place for name, place in told.items() if name.endswith(("_endpoint", "_uri"))}
    assert status == 200
    assert {place.rpartition("/")[0] for place in places.values()} == {f"{hub.url}/identity"}
    assert json.loads((await hub.get(places["jwks_uri"]))[2])["keys"]
    status, headers, text = await hub.get(places["jwks_uri"], "HEAD")
    assert (status, text, int(headers["Content-Length"]) > 0) == (200, "", True)
    issued = await hub.token(grant_type="client_credentials", client_id="robot", client_secret=SECRET)
    assert await hub.me(issued["access_token"]) == "robot"
    refused = await hub.post("/identity/token", grant_type="client_credentials", client_id="robot", client_secret="no")
    assert (refused[0], "WWW-Authenticate" in refused[1]) == (401, True)
    _, _, said = await hub.get("/identity/userinfo", Authorization=f"Bearer {issued['access_token']}")
    assert json.loads(said)["sub"] == "robot"


async def a_person_in_a_browser(hub: Hub) -> None:
    _, headers, _ = await hub.get("/login/start?next=/datasets")
    asked = headers["Location"]
    assert asked.startswith(f"{hub.url}/identity/authorize?")
    _, headers, page = await hub.get(asked)
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    action, form = form_of(page)
    place = urljoin(asked, action)
    foreign = await hub.post(place, origin="http://evil.example", **form, user="ada", decision="approve")
    assert foreign[0] == 400
    status, headers, _ = await hub.post(place, origin=hub.url, **form, user="ada", decision="approve")
    assert (status, headers["Location"].startswith(f"{hub.url}/login/callback?code=")) == (303, True)
    status, headers, _ = await hub.get(headers["Location"])
    assert (status, headers["Location"]) == (303, "/datasets")
    status, _, page = await hub.get("/datasets")
    assert (status, "Log out" in page) == (200, True)


async def a_device(hub: Hub) -> None:
    _, _, text = await hub.post("/identity/device_authorization", client_id="fedpact-cli")
    device = json.loads(text)
    assert device["verification_uri"] == f"{hub.url}/identity/device"
    _, _, page = await hub.get(device["verification_uri_complete"])
    action, form = form_of(page)
    decided = form | {"user_code": device["user_code"], "user": "ada", "decision": "approve"}
    status, _, page = await hub.post(urljoin(device["verification_uri"], action), origin=hub.url, **decided)
    assert (status, "Approved" in page) == (200, True)
    issued = await hub.token(grant_type=DEVICE, device_code=device["device_code"], client_id="fedpact-cli")
    assert await hub.me(issued["access_token"]) == "ada"


def a_command_that_believes_the_name(hub: Hub) -> None:
    assert Issuer.at(f"{hub.url}/identity", {}, Clock(), None).by_name("ada").access_token


async def what_is_not_public(hub: Hub) -> None:
    for path in HIDDEN:
        status, headers, _ = await hub.get(f"/identity{path}")
        assert (status, headers["Content-Type"].split(";")[0]) == (404, "application/problem+json"), path
    assert (await hub.get("/identity/token"))[0] == 404
    assert (await hub.get("/identity/token", "DELETE"))[0] == 404
    status, _, text = await hub.post("/identity/gateways/enroll", token="t")
    assert (status, json.loads(text)["slug"]) == (422, "malformed")


async def test_while_identity_is_away_that_is_told_and_then_it_goes_on(hub: Hub) -> None:
    async with hub.portal(f"http://127.0.0.1:{hub.inside_port}"):
        async with hub.identity():
            assert (await hub.get("/identity/jwks"))[0] == 200
        for answer in (await hub.get("/identity/jwks"), await hub.post("/identity/token", grant_type="x")):
            status, headers, text = answer
            assert (status, headers["Content-Type"].split(";")[0]) == (503, "application/problem+json")
            assert json.loads(text)["detail"] == "the login service does not answer; try again in a moment"
        assert (await hub.get("/login/start"))[0] == 503
        async with hub.identity():
            assert (await hub.get("/identity/jwks"))[0] == 200
