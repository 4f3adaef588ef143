"""
An identity provider over HTTP: discovery, authorization code with PKCE, userinfo, signed tokens.

Where it listens is read from its discovery document, which has to name the very issuer that the settings name.
Secrets and codes are in request bodies only. What a person's ID token leaves out is asked of userinfo, about the same
subject; what both say counts as the ID token says it.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, encode_basic_auth
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.identity.adapters.provider_keys import KeyMembers, ProviderKeys
from fedpact.identity.app.ports import Registration, Trip
from fedpact.identity.domain.errors import UntrustedTokenError
from fedpact.identity.domain.network import is_private
from fedpact.identity.domain.vouching import Claims

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT = ClientTimeout(total=10, sock_connect=5)
LARGEST, OK = 1_000_000, 200
LIFE = timedelta(hours=1)
A = TypeVar("A")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Metadata(_Answer):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Granted(_Answer):
    id_token: str
    access_token: str | None = None


class _KeySet(_Answer):
    keys: tuple[KeyMembers, ...]


class _Refusal(_Answer):
    error: str
    error_description: str = ""


_METADATA, _GRANT = TypeAdapter(_Metadata), TypeAdapter[_Granted | _Refusal](_Granted | _Refusal)
_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_KEYS = TypeAdapter(_KeySet)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    method: str
    url: str
    form: Mapping[str, str] | None = None
    authorization: str | None = None


class HttpProvider:
    """The provider this installation is registered at."""

    def __init__(self, registration: Registration, clock: Clock) -> None:
        self._registration, self._clock = registration, clock
        self._keys = ProviderKeys(self._fetch_keys, clock)
        self._found: tuple[datetime, _Metadata] | None = None
        self._tls = ssl.create_default_context(cafile=registration.authorities) if registration.authorities else True

    async def page(self, trip: Trip) -> str:
        metadata = await self._metadata()
        query = {
            "response_type": "code",
            "client_id": self._registration.client,
            "redirect_uri": trip.redirect_uri,
            "scope": " ".join(self._registration.scopes),
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": trip.challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return metadata.authorization_endpoint + joint + urlencode(query)

    async def redeem(self, code: str, trip: Trip) -> Claims:
        granted = await self._granted(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": trip.redirect_uri,
                "code_verifier": trip.verifier,
            }
        )
        claims = await self._keys.signed(granted.id_token)
        return {**await self._asked(granted.access_token, claims.get("sub")), **claims}

    async def read(self, token: str) -> Claims:
        return await self._keys.signed(token)

    async def _granted(self, form: Mapping[str, str]) -> _Granted:
        metadata = await self._metadata()
        authorization, sent = await self._authenticated(form, metadata)
        _, text = await self._answer(
            _Call(method="POST", url=metadata.token_endpoint, form=sent, authorization=authorization)
        )
        answer = _read(_GRANT, text, "an answer")
        if isinstance(answer, _Refusal):
            told = answer.error_description or answer.error
            raise UntrustedTokenError(f"the identity provider refused the login: {told}")
        return answer

    async def _authenticated(
        self, form: Mapping[str, str], metadata: _Metadata
    ) -> tuple[str | None, Mapping[str, str]]:
        """How the provider wants to be told who asks: HTTP Basic unless it takes only the form."""
        client, file = self._registration.client, self._registration.secret
        if file is None:
            return None, {**form, "client_id": client}
        secret = (await asyncio.to_thread(file.read_text)).strip()
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            return encode_basic_auth(_form_encoded(client), _form_encoded(secret)), form
        return None, {**form, "client_id": client, "client_secret": secret}

    async def _asked(self, access: str | None, subject: JsonValue) -> Claims:
        """What userinfo says of that subject; nothing where it is not offered or speaks of somebody else."""
        place = (await self._metadata()).userinfo_endpoint
        if access is None or place is None:
            return {}
        status, text = await self._answer(_Call(method="GET", url=place, authorization=f"Bearer {access}"))
        try:
            claims = _OBJECT.validate_json(text)
        except ValidationError:
            return {}
        return claims if status == OK and claims.get("sub") == subject else {}

    async def _fetch_keys(self) -> Sequence[KeyMembers]:
        _, text = await self._answer(_Call(method="GET", url=(await self._metadata()).jwks_uri))
        return _read(_KEYS, text, "keys").keys

    async def _metadata(self) -> _Metadata:
        now, wanted = self._clock.now(), self._registration.issuer
        if self._found is not None and now - self._found[0] < LIFE:
            return self._found[1]
        status, text = await self._answer(_Call(method="GET", url=wanted.rstrip("/") + DISCOVERY))
        if status != OK:
            raise UnavailableError(f"`{wanted}{DISCOVERY}` answers {status}: compare the setting `issuer`")
        metadata = _read(_METADATA, text, "a discovery document")
        if metadata.issuer != wanted:
            raise UnavailableError(
                f"the identity provider calls itself `{metadata.issuer}`, the setting `issuer` says `{wanted}`:"
                " they have to be the same letter by letter"
            )
        self._found = now, metadata
        return metadata

    async def _answer(self, call: _Call) -> tuple[int, bytes]:
        if not is_private(call.url):
            raise UnavailableError(f"`{call.url}` is not https, and secrets go there: have the provider offer https")
        headers = {"Accept": "application/json"}
        headers |= {"Authorization": call.authorization} if call.authorization else {}
        try:
            async with (
                ClientSession(timeout=TIMEOUT, trust_env=True, headers=headers) as session,
                session.request(call.method, call.url, data=call.form, ssl=self._tls, allow_redirects=False) as answer,
            ):
                return answer.status, await _whole(answer)
        except (ClientError, TimeoutError) as error:
            raise UnavailableError(f"the identity provider at `{urlsplit(call.url).netloc}` does not answer") from error


async def _whole(answer: ClientResponse) -> bytes:
    """The body, as long as it is one that a provider would send."""
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > LARGEST:
            raise UnavailableError(f"`{answer.host}` sends more than {LARGEST} bytes: compare the setting `issuer`")
    return bytes(body)


def _form_encoded(text: str) -> str:
    """RFC 6749, 2.3.1: identifier and secret are form-encoded before they become HTTP Basic."""
    return urlencode({"": text})[1:]


def _read(kind: TypeAdapter[A], text: bytes, what: str) -> A:
    try:
        return kind.validate_json(text)
    except ValidationError as error:
        raise UnavailableError(f"the identity provider gave {what} that cannot be read") from error
