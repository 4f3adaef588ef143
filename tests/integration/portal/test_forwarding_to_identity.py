"""How requests pass through the portal to identity: bounded, as browsers sent them, and back with what they brought."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import oidc_provider
import pytest
from aiohttp import ClientSession, DummyCookieJar, web
from identity_lab import CALLBACK, PORTAL, running
from oidc_provider import Browser, LackingError
from servers import free_port

from fedpact.chassis.clock import SystemClock
from fedpact.chassis.http import make_app, serving
from fedpact.identity.settings import Provider
from fedpact.portal.adapters.inside import LARGEST as LONGEST_ANSWER
from fedpact.portal.adapters.inside import Inside
from fedpact.portal.adapters.issuer import HttpIssuer
from fedpact.portal.app.ports import LoginRequest
from fedpact.portal.entrypoints.forwarding import LARGEST, Forwarding

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASKED = LoginRequest(redirect_uri=CALLBACK, state="state", challenge="c" * 43)


@asynccontextmanager
async def below(address: str, port: int = 0) -> AsyncIterator[str]:
    """Where people reach what is at `address`."""
    app = make_app(checks={})
    Forwarding(identity=Inside(address)).add_to(app)
    async with serving(app, "127.0.0.1", port) as taken:
        yield f"http://127.0.0.1:{taken}/identity"


@dataclass
class Told:
    """A service that notes what it is asked and answers what it is told to."""

    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answer: web.Response = field(default_factory=web.Response)

    async def __call__(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.method, request.path_qs, headers, await request.read()))
        return self.answer


@dataclass
class Scene:
    told: Told
    http: ClientSession
    url: str


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    told, app = Told(), web.Application()
    app.router.add_route("*", "/{any:.*}", told.__call__)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        url = await stack.enter_async_context(below(f"http://127.0.0.1:{port}/"))
        http = await stack.enter_async_context(ClientSession(cookie_jar=DummyCookieJar(), auto_decompress=False))
        yield Scene(told, http, url)


async def test_a_request_arrives_as_it_was_sent_and_its_answer_comes_back(scene: Scene) -> None:
    scene.told.answer = web.Response(status=303, headers={"Location": "https://login.example/?a=1"}, text="on")
    scene.told.answer.set_cookie("fedpact-away-1", "a", path="/identity/login/callback")
    scene.told.answer.set_cookie("fedpact-away-2", "b", path="/identity/login/callback")
    query = "?state=a%20%26b&x=1&x=2"
    sent = scene.http.post(f"{scene.url}/authorize{query}", data=b"user=ada", headers=FORM, allow_redirects=False)
    async with sent as answer:
        cookies = answer.headers.getall("Set-Cookie")
        assert (answer.status, answer.headers["Location"], await answer.text()) == (
            303,
            "https://login.example/?a=1",
            "on",
        )
    assert [cookie.split("=")[0] for cookie in cookies] == ["fedpact-away-1", "fedpact-away-2"]
    [(method, target, headers, body)] = scene.told.asked
    assert (method, target.split("?")[0], body) == ("POST", "/authorize", b"user=ada")
    assert target.count("x=") == 2
    assert headers["host"] == scene.url.removeprefix("http://").removesuffix("/identity")
    assert headers["content-type"] == FORM["Content-Type"]
    assert headers["accept-encoding"] == "identity"


async def test_a_redirect_is_the_browsers_to_follow(scene: Scene) -> None:
    scene.told.answer = web.Response(status=303, headers={"Location": "/elsewhere"})
    async with scene.http.get(f"{scene.url}/login/callback", allow_redirects=False) as answer:
        assert answer.status == 303
    assert len(scene.told.asked) == 1


async def test_head_tells_the_length_and_sends_nothing(scene: Scene) -> None:
    scene.told.answer = web.Response(text="{}", content_type="application/json")
    async with scene.http.head(f"{scene.url}/jwks") as answer:
        told = answer.status, answer.headers["Content-Length"], answer.content_type, await answer.read()
    assert told == (200, "2", "application/json", b"")
    assert [asked[0] for asked in scene.told.asked] == ["HEAD"]


@pytest.mark.parametrize(("size", "status"), [(LARGEST, 200), (LARGEST + 1, 413)])
async def test_a_request_larger_than_any_login_is_refused_here(scene: Scene, size: int, status: int) -> None:
    async def in_parts() -> AsyncIterator[bytes]:
        yield b"x" * (size - 1)
        yield b"x"

    async with scene.http.post(f"{scene.url}/token", data=in_parts(), headers=FORM) as answer:
        assert answer.status == status
    assert len(scene.told.asked) == (1 if status == 200 else 0)


async def test_an_answer_that_never_ends_is_cut_and_told(scene: Scene) -> None:
    scene.told.answer = web.Response(body=b"x" * (LONGEST_ANSWER + 1))
    async with scene.http.get(f"{scene.url}/jwks") as answer:
        assert (answer.status, json.loads(await answer.text())["slug"]) == (503, "unavailable")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "unix:/nowhere/identity.sock"])
async def test_nobody_at_the_address_is_told_as_such(address: str) -> None:
    async with below(address) as url, ClientSession() as http, http.get(f"{url}/jwks") as answer:
        assert (answer.status, answer.content_type) == (503, "application/problem+json")


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[str]:
    """Identity below a portal, with a real provider that logs people in."""
    front = free_port()
    public, secret = f"http://127.0.0.1:{front}/identity", folder / "secret"
    secret.write_text(oidc_provider.SECRET)
    with oidc_provider.provider(folder, free_port(), f"{public}/login/callback") as server:
        told = Provider(
            issuer=f"http://127.0.0.1:{server.port}",
            client_id=oidc_provider.CLIENT,
            client_secret_file=secret,
            scopes=("openid", "profile", "email", "federation"),
        )
        async for lab in running(folder, dev_login=False, clock=SystemClock(), provider=told, public_url=public):
            async with below(lab.base, front) as url:
                yield url


async def test_a_provider_sends_browsers_back_below_the_portal(tmp_path: Path) -> None:
    try:
        await asyncio.to_thread(oidc_provider.installed)
    except LackingError as error:
        pytest.skip(str(error))
    async with connected(tmp_path) as url, Browser("subject-ada") as browser:
        browser.stop_at = CALLBACK
        place, page = await browser.open(await HttpIssuer(url, PORTAL).page(ASKED))
        assert place.startswith(f"{CALLBACK}?code="), page
