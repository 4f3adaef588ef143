"""
The issuer people log in at, as an OAuth 2.0 client without a secret speaks to it: authorization code with PKCE.

Where it listens is read from its discovery document; where an inside address is given, what is said there of the
issuer's own URL is asked at that. Tokens are in request and response bodies only, never in a URL and never in a log.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic import TypeAdapter, ValidationError

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import Model
from fedpact.portal.adapters.inside import Inside
from fedpact.portal.app.ports import LoginRequest, Tokens
from fedpact.portal.domain.errors import LoginEndedError

TIMEOUT = ClientTimeout(total=10, sock_connect=3)
DISCOVERY = "/.well-known/openid-configuration"
OK, REFUSED = 200, frozenset({400, 401, 403})


class _Endpoints(Model):
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str


class _Granted(Model):
    access_token: str
    refresh_token: str | None = None
    expires_in: int


class _Refusal(Model):
    error: str = ""
    error_description: str = ""


_GRANTED = TypeAdapter(_Granted | _Refusal)


class HttpIssuer:
    """The issuer that is at `url` for browsers, and `inside` for this process; for the client named `client`."""

    def __init__(self, url: str, client: str, inside: Inside | None = None) -> None:
        self._url, self._client, self._inside = url.rstrip("/"), client, inside
        self._known: _Endpoints | None = None

    async def page(self, ask: LoginRequest) -> str:
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": ask.redirect_uri,
            "state": ask.state,
            "code_challenge": ask.challenge,
            "code_challenge_method": "S256",
        }
        return f"{(await self._endpoints()).authorization_endpoint}?{urlencode(query)}"

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        grant = {"grant_type": "authorization_code", "code": code}
        return await self._tokens(grant | {"code_verifier": verifier, "redirect_uri": redirect_uri})

    async def renew(self, refresh: str) -> Tokens:
        return await self._tokens({"grant_type": "refresh_token", "refresh_token": refresh})

    async def end(self, refresh: str) -> None:
        await self._send("POST", (await self._endpoints()).revocation_endpoint, {"token": refresh})

    async def _tokens(self, form: Mapping[str, str]) -> Tokens:
        status, text = await self._send("POST", (await self._endpoints()).token_endpoint, form)
        try:
            answer = _GRANTED.validate_json(text)
        except ValidationError as error:
            raise UnavailableError("the login service gave an answer that cannot be read") from error
        if status == OK and isinstance(answer, _Granted):
            return Tokens(access=answer.access_token, refresh=answer.refresh_token, seconds=answer.expires_in)
        if status in REFUSED and isinstance(answer, _Refusal):
            raise LoginEndedError(answer.error_description or "the login service refused: log in again")
        raise UnavailableError(f"the login service answered {status}")

    async def _endpoints(self) -> _Endpoints:
        if self._known is None:
            _, text = await self._send("GET", self._url + DISCOVERY, {})
            try:
                self._known = _Endpoints.model_validate_json(text)
            except ValidationError as error:
                raise UnavailableError("the login service does not say where people log in") from error
        return self._known

    async def _send(self, method: str, url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        sent = {**form, "client_id": self._client} if form else None
        try:
            async with (
                self._session() as session,
                session.request(method, self._near(url), data=sent, allow_redirects=False) as answer,
            ):
                return answer.status, await answer.read()
        except (ClientError, TimeoutError) as error:
            raise UnavailableError("the login service does not answer") from error

    def _session(self) -> ClientSession:
        return self._inside.session(TIMEOUT) if self._inside else ClientSession(timeout=TIMEOUT)

    def _near(self, url: str) -> str:
        """Where this process finds what browsers find at `url`."""
        if self._inside is None:
            return url
        if not url.startswith(f"{self._url}/"):
            raise UnavailableError(f"identity calls itself `{url}`: its `public_url` has to be `{self._url}`")
        return self._inside.url + url.removeprefix(self._url)
