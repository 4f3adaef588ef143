"""
Logging in and out: the authorization code flow with PKCE, with the portal as the client that keeps the tokens.

While somebody is away at the issuer, their browser holds one random secret. State and verifier are made from it, so
a code that comes back with another browser's state, or to a browser that never asked, is worth nothing. Where to go
afterwards travels in the same cookie, and is only ever a place of this portal.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import quote, unquote, urlsplit

from aiohttp import web

from fedpact.portal.app.logins import Logins
from fedpact.portal.app.ports import Issuer, LoginRequest, Vault
from fedpact.portal.domain.errors import LoginEndedError
from fedpact.portal.entrypoints.pages.cookies import LONGEST, Cookie

CALLBACK = "/login/callback"
AWAY_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How a browser becomes somebody, and stops being somebody."""

    logins: Logins
    issuer: Issuer
    vault: Vault
    session: Cookie
    away: Cookie
    public_url: str | None

    async def secret_and_token(self, request: web.Request) -> tuple[str, str]:
        """The browser's secret and an access token for whom it stands for."""
        secret = self.session.read(request)
        token = await self.logins.token(secret) if secret else None
        if token is None:
            raise LoginEndedError("you are not logged in, or were logged out meanwhile: log in again")
        return secret, token

    def csrf(self, secret: str) -> str:
        """The mark of forms that are for this browser."""
        return self.vault.mark(secret, "csrf")

    async def start(self, request: web.Request) -> web.StreamResponse:
        """Send the browser to the issuer; first to where it will come back to, if it calls this portal otherwise."""
        if self.public_url and request.host != urlsplit(self.public_url).netloc:
            return web.Response(status=303, headers={"Location": self.public_url.rstrip("/") + request.path_qs})
        secret = self.vault.fresh()
        challenge = _challenge(self.vault.mark(secret, "verifier"))
        ask = LoginRequest(
            redirect_uri=self._callback(request), state=self.vault.mark(secret, "state"), challenge=challenge
        )
        response = web.Response(status=303, headers={"Location": await self.issuer.page(ask)})
        self.away.put(response, f"{secret}.{quote(own_place(request.query.get('next', '')), safe='/')}"[:LONGEST])
        return response

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """The browser is back with a code, or with why there is none."""
        secret, _, place = self.away.read(request).partition(".")
        state = request.query.get("state", "")
        if not secret or not compare_digest(state.encode(), self.vault.mark(secret, "state").encode()):
            raise LoginEndedError("this login was begun elsewhere or long ago: log in again")
        code = request.query.get("code")
        if not code:
            raise LoginEndedError(request.query.get("error_description") or "the login was not completed: log in again")
        tokens = await self.issuer.redeem(code, self.vault.mark(secret, "verifier"), self._callback(request))
        response = web.Response(status=303, headers={"Location": own_place(unquote(place))})
        self.away.drop(response)
        self.session.put(response, await self.logins.begin(tokens))
        return response

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """End the login, here and at the issuer."""
        response = web.Response(status=303, headers={"Location": "/login?done=1"})
        self.session.drop(response)
        await self.logins.end(self.session.read(request))
        return response

    def _callback(self, request: web.Request) -> str:
        return (self.public_url or str(request.url.origin())).rstrip("/") + CALLBACK


def own_place(text: str) -> str:
    """`text` if it is a place of this portal, else the beginning."""
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if plain else "/"


def _challenge(verifier: str) -> str:
    """The verifier as the issuer may see it before (RFC 7636, `S256`)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
