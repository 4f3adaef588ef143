"""The portal as a client of the real issuer: both sides of the login speak the same protocol."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from identity_lab import CALLBACK, PORTAL, Lab, running

from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.http import serving
from fedpact.portal.adapters.issuer import HttpIssuer
from fedpact.portal.app.ports import LoginRequest
from fedpact.portal.domain.errors import LoginEndedError

VERIFIER = "a-verifier-of-43-characters-or-more-as-asked"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async for it in running(tmp_path, dev_login=True):
        yield it


async def code_of(lab: Lab, issuer: HttpIssuer) -> str:
    """What a browser comes back with that follows the portal's link."""
    page = await issuer.page(LoginRequest(redirect_uri=CALLBACK, state="s", challenge=CHALLENGE))
    assert page.startswith(f"{lab.base}/authorize?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
    assert (await lab.get("/authorize?" + urlsplit(page).query)).status == 200
    back = await lab.post("/authorize", **asked, user="ada", decision="approve")
    return parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]


async def test_a_login_is_begun_renewed_and_ended(lab: Lab) -> None:
    issuer = HttpIssuer(lab.base, PORTAL)
    first = await issuer.redeem(await code_of(lab, issuer), VERIFIER, CALLBACK)
    assert first.seconds == 900
    assert first.refresh is not None
    second = await issuer.renew(first.refresh)
    assert second.access != first.access
    assert second.refresh is not None
    await issuer.end(second.refresh)
    with pytest.raises(LoginEndedError):
        await issuer.renew(second.refresh)


async def test_what_the_issuer_refuses_is_told_in_its_words(lab: Lab) -> None:
    issuer = HttpIssuer(lab.base, PORTAL)
    with pytest.raises(LoginEndedError, match="log in again"):
        await issuer.redeem(await code_of(lab, issuer), "another-verifier", CALLBACK)
    with pytest.raises(LoginEndedError, match="log in again"):
        await issuer.renew("made-up")


async def test_an_issuer_nobody_reaches_is_unavailable(lab: Lab) -> None:
    nobody = HttpIssuer("http://127.0.0.1:9", PORTAL)
    with pytest.raises(UnavailableError):
        await nobody.renew("r")


@pytest.mark.parametrize("said", ["no json", "{}", "[]"])
async def test_an_issuer_that_talks_nonsense_is_unavailable(said: str) -> None:
    async def nonsense(_: web.Request) -> web.Response:
        return web.Response(text=said)

    app = web.Application()
    app.router.add_get("/{any:.*}", nonsense)
    async with serving(app, "127.0.0.1", 0) as port:
        with pytest.raises(UnavailableError):
            await HttpIssuer(f"http://127.0.0.1:{port}", PORTAL).renew("r")
