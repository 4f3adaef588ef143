"""
Logging in, as OAuth has it.

Device flow, authorization code and refresh for people, client credentials for programs, an exchange of tokens for whom
the federation's identity provider vouches for.

Where to is asked of the portal (`/v1/config`) and of the issuer it names (its discovery document); nothing is guessed.
A refresh token is spent by its use, so a refresh is never sent twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Self, TypeVar
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fedpact.client.addresses import checked, http_client, unanswered
from fedpact.client.clock import Clock
from fedpact.client.errors import LoginExpiredError, NotLoggedInError, TimedOutError, UnreachableError

CLIENT = "fedpact-cli"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CODE = "authorization_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"
DEV_USER = "urn:fedpact:dev-user"
SLOWER = 5.0
"""Seconds that RFC 8628 adds after `slow_down`."""
A = TypeVar("A", bound=BaseModel)


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Endpoints(Answer):
    """OpenID Provider Metadata, as far as it is used here."""

    token_endpoint: str
    authorization_endpoint: str = ""
    device_authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    grant_types_supported: tuple[str, ...] = ()


class Tokens(Answer):
    """What a grant bought."""

    access_token: str = Field(repr=False)
    expires_in: float = 900.0
    refresh_token: str = Field(default="", repr=False)


class DeviceCode(Answer):
    """What a person is shown, and what this program polls with."""

    device_code: str = Field(repr=False)
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: float
    interval: float = 5.0


class Refusal(Answer):
    error: str
    error_description: str = ""


class _RefusedGrantError(Exception):
    """The issuer's error code, inside this module only."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.error)
        self.code = refusal.error
        self.text = refusal.error_description or refusal.error.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """The one who vouches for people and programs."""

    url: str
    environ: Mapping[str, str]
    clock: Clock = field(default_factory=Clock)
    transport: httpx.BaseTransport | None = None

    def by_name(self, user: str) -> Tokens:
        """A login that believes the name: an embedded federation on this machine offers it, nobody else."""
        if DEV_USER not in self.endpoints.grant_types_supported:
            raise NotLoggedInError("this federation logs nobody in by name alone: `fedpact login` without `--user`")
        return self._first({"grant_type": DEV_USER, "user": user, "client_id": CLIENT})

    def by_secret(self, client: str, secret: str) -> Tokens:
        """The tokens of a service account."""
        return self._first({"grant_type": "client_credentials", "client_id": client, "client_secret": secret})

    def exchanged(self, token: str) -> Tokens:
        """Tokens for one that the federation's identity provider issued (RFC 8693)."""
        if EXCHANGE not in self.endpoints.grant_types_supported:
            raise NotLoggedInError("no identity provider is connected here: use a service account (FEDPACT_CLIENT_ID)")
        return self._first({"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": JWT})

    def page(self, back: str, state: str, challenge: str) -> str:
        """Where a browser logs somebody in for this program, and comes back with a code."""
        if not (self.endpoints.authorization_endpoint and CODE in self.endpoints.grant_types_supported):
            raise NotLoggedInError("no login of people is connected here: use a service account (FEDPACT_CLIENT_ID)")
        query = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": back,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{checked(self.endpoints.authorization_endpoint, self.environ)}?{urlencode(query)}"

    def redeemed(self, code: str, verifier: str, back: str) -> Tokens:
        """The tokens for a code that a browser brought."""
        form = {"grant_type": CODE, "code": code, "code_verifier": verifier, "redirect_uri": back, "client_id": CLIENT}
        return self._first(form)

    def refreshed(self, token: str) -> Tokens:
        """The next tokens for a refresh token, which is spent by it."""
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT}
        try:
            return self._post(Tokens, self.endpoints.token_endpoint, form)
        except _RefusedGrantError as error:
            raise LoginExpiredError(error.text) from error

    def device(self) -> DeviceCode:
        """Begin a login that is approved in a browser."""
        endpoint = self.endpoints.device_authorization_endpoint
        if not endpoint:
            raise NotLoggedInError("no login of people is connected here: use a service account (FEDPACT_CLIENT_ID)")
        try:
            return self._post(DeviceCode, endpoint, {"client_id": CLIENT})
        except _RefusedGrantError as error:
            raise NotLoggedInError(f"{error.text}: use a service account (FEDPACT_CLIENT_ID)") from error

    def approved(self, device: DeviceCode) -> Tokens:
        """Wait until the person decided."""
        form = {"grant_type": DEVICE, "device_code": device.device_code, "client_id": CLIENT}
        deadline, interval = self.clock.elapsed() + device.expires_in, device.interval
        while self.clock.elapsed() < deadline:
            self.clock.sleep(interval)
            try:
                return self._post(Tokens, self.endpoints.token_endpoint, form)
            except _RefusedGrantError as error:
                interval += _slower(error)
        raise TimedOutError("nobody approved the login in time: `fedpact login` again")

    def revoke(self, token: str) -> None:
        """End the login that a refresh token belongs to."""
        if not self.endpoints.revocation_endpoint:
            return
        endpoint = checked(self.endpoints.revocation_endpoint, self.environ)
        self._answer("POST", endpoint, {"token": token, "client_id": CLIENT})

    @cached_property
    def endpoints(self) -> Endpoints:
        """Where the issuer takes what."""
        response = self._answer("GET", f"{self.url}/.well-known/openid-configuration")
        return _read(Endpoints, response, self.url)

    @classmethod
    def at(cls, url: str, environ: Mapping[str, str], clock: Clock, transport: httpx.BaseTransport | None) -> Self:
        """The issuer there, if secrets may be sent there."""
        return cls(url=checked(url, environ), environ=environ, clock=clock, transport=transport)

    def _first(self, form: Mapping[str, str]) -> Tokens:
        try:
            return self._post(Tokens, self.endpoints.token_endpoint, form)
        except _RefusedGrantError as error:
            raise NotLoggedInError(error.text) from error

    def _post(self, kind: type[A], url: str, form: Mapping[str, str]) -> A:
        response = self._answer("POST", checked(url, self.environ), form)
        if response.status_code in {400, 401}:
            raise _RefusedGrantError(_read(Refusal, response, self.url))
        return _read(kind, response, self.url)

    def _answer(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            with http_client(url, self.transport) as http:
                return http.request(method, url, data=form, headers={"Accept": "application/json"})
        except httpx.TransportError as error:
            raise UnreachableError(f"{unanswered(self.url, error)}: see that the federation is up") from error


def _slower(error: _RefusedGrantError) -> float:
    """Seconds to add between two polls; raises when there will be no approval."""
    match error.code:
        case "authorization_pending":
            return 0.0
        case "slow_down":
            return SLOWER
        case "access_denied":
            raise NotLoggedInError("the login was denied in the browser: `fedpact login` again") from error
        case "expired_token":
            raise TimedOutError("nobody approved the login in time: `fedpact login` again") from error
        case _:
            raise NotLoggedInError(f"{error.text}: `fedpact login` again") from error


def _read(kind: type[A], response: httpx.Response, url: str) -> A:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            raise UnreachableError(f"the login at {url} does not answer just now: try again in a moment") from error
        raise UnreachableError(
            f"{url} answers {response.status_code} and is no login of Fedpact: ask the hub's operator"
        ) from error
