"""
The issuer over HTTP, in the shape OIDC clients know.

Grants: client credentials for service accounts; for people authorization codes with PKCE, the device flow and refresh
tokens; for whoever an identity provider knows, an exchange of its token for ours (RFC 8693). Who a person is has to be
proved to somebody: the identity provider, or where none is connected nobody, and then both flows say so at their start.
The development login believes everybody, on the loopback only.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from aiohttp import web

from fedpact.chassis.aggregates import Aggregates
from fedpact.identity.app import queries
from fedpact.identity.app.codes import Codes
from fedpact.identity.app.devices import Devices
from fedpact.identity.app.issuer import Issuer, Tokens
from fedpact.identity.app.ports import Signer
from fedpact.identity.domain.errors import (
    InvalidClientError,
    InvalidRequestError,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)
from fedpact.identity.domain.model import Organization
from fedpact.identity.entrypoints import authorize, forms, pages
from fedpact.identity.entrypoints.away import Away
from fedpact.identity.entrypoints.callback import Callback
from fedpact.identity.entrypoints.forms import Form

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CODE = "authorization_code"
DEV_USER = "urn:fedpact:dev-user"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a kind of token
SUBJECT_TOKENS = frozenset(f"urn:ietf:params:oauth:token-type:{kind}" for kind in ("access_token", "id_token", "jwt"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    issuer: Issuer
    devices: Devices
    codes: Codes
    organizations: Aggregates[Organization]
    signer: Signer
    away: Away | None
    """The way to the identity provider, when one is connected."""
    clients: frozenset[str]
    """Programs without a secret that may log people in."""
    redirects: Mapping[str, Collection[str]]
    """Where a program may have a browser sent back to."""
    loopback: frozenset[str]
    """Programs on people's own machines."""
    public_url: str | None
    dev_login: bool

    def add_to(self, app: web.Application) -> None:
        """Serve them."""
        app.router.add_get("/.well-known/openid-configuration", self.discovery)
        app.router.add_get("/jwks", self.jwks)
        app.router.add_post("/token", forms.oauth(self.token))
        app.router.add_post("/device_authorization", forms.oauth(self.device_authorization))
        app.router.add_post("/revoke", forms.oauth(self.revoke))
        app.router.add_get("/userinfo", forms.oauth(self.userinfo))
        self._add_pages(app)

    def _add_pages(self, app: web.Application) -> None:
        away, by_name = self.away, self.dev_login
        device = pages.Pages(issuer=self.issuer, devices=self.devices, away=away, open=by_name)
        login = authorize.Authorize(
            issuer=self.issuer,
            codes=self.codes,
            redirects=self.redirects,
            loopback=self.loopback,
            away=away,
            open=by_name,
        )
        device.add_to(app)
        login.add_to(app)
        if away is not None:
            Callback(away=away, authorize=login, pages=device).add_to(app)

    async def discovery(self, request: web.Request) -> web.StreamResponse:
        """OpenID Provider Metadata, as far as it applies."""
        base = self._base(request)
        return web.json_response(
            {
                "issuer": self.issuer.terms.issuer,
                "jwks_uri": f"{base}/jwks",
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "device_authorization_endpoint": f"{base}/device_authorization",
                "revocation_endpoint": f"{base}/revoke",
                "userinfo_endpoint": f"{base}/userinfo",
                "grant_types_supported": sorted(self._grants()),
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["Ed25519"],
            }
        )

    async def jwks(self, _: web.Request) -> web.StreamResponse:
        """The keys that verify access tokens."""
        return web.Response(text=queries.jwks(self.signer), content_type="application/json")

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Tokens for a grant."""
        form = await forms.read(request)
        grant = forms.required(form, "grant_type")
        issue = self._grants().get(grant)
        if issue is None:
            raise UnsupportedGrantTypeError(f"`{grant}` is not offered here: see `/.well-known/openid-configuration`")
        tokens = await issue(request, form)
        body = {"access_token": tokens.access, "token_type": "Bearer", "expires_in": tokens.seconds}
        body |= {"refresh_token": tokens.refresh} if tokens.refresh else {}
        body |= {"issued_token_type": ACCESS_TOKEN} if grant == EXCHANGE else {}
        return web.json_response(body, headers=forms.NO_STORE)

    async def device_authorization(self, request: web.Request) -> web.StreamResponse:
        """The codes a device shows and polls with."""
        client = self._client(await forms.read(request))
        if not self._people:
            raise UnauthorizedClientError("no login of people is connected here: use a service account")
        started = await self.devices.start(client)
        page = f"{self._base(request)}/device"
        body = {
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={started.user_code}",
            "expires_in": started.seconds,
            "interval": started.interval,
        }
        return web.json_response(body, headers=forms.NO_STORE)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """The login a refresh token belongs to ends (RFC 7009)."""
        await self.issuer.end(forms.required(await forms.read(request), "token"))
        return web.Response(headers=forms.NO_STORE)

    async def userinfo(self, request: web.Request) -> web.StreamResponse:
        """Who the bearer is, as of now."""
        user = await self.issuer.bearer(forms.bearer(request))
        organization = await self.organizations.find(user.organization)
        return web.json_response(queries.profile(user, organization), headers=forms.NO_STORE)

    @property
    def _people(self) -> bool:
        """Whether people can say who they are."""
        return self.dev_login or self.away is not None

    def _grants(self) -> Mapping[str, Callable[[web.Request, Form], Awaitable[Tokens]]]:
        return {
            "client_credentials": self._by_secret,
            "refresh_token": self._by_refresh_token,
            **({CODE: self._by_code, DEVICE: self._by_device} if self._people else {}),
            **({EXCHANGE: self._by_exchange} if self.away else {}),
            **({DEV_USER: self._by_name} if self.dev_login else {}),
        }

    async def _by_secret(self, request: web.Request, form: Form) -> Tokens:
        return await self.issuer.to_service(*forms.client_credentials(request, form))

    async def _by_refresh_token(self, _: web.Request, form: Form) -> Tokens:
        return await self.issuer.refreshed(forms.required(form, "refresh_token"), form.get("client_id"))

    async def _by_code(self, _: web.Request, form: Form) -> Tokens:
        client = self._client(form)
        names = ("code", "redirect_uri", "code_verifier")
        code, redirect_uri, verifier = (forms.required(form, name) for name in names)
        return await self.codes.redeem(code, client, redirect_uri, verifier)

    async def _by_device(self, _: web.Request, form: Form) -> Tokens:
        client = self._client(form)
        user = await self.devices.redeem(forms.required(form, "device_code"), client)
        return await self.issuer.to_person(user, client)

    async def _by_exchange(self, _: web.Request, form: Form) -> Tokens:
        assert self.away is not None
        if forms.required(form, "subject_token_type") not in SUBJECT_TOKENS:
            raise InvalidRequestError(f"`subject_token_type` is one of {', '.join(sorted(SUBJECT_TOKENS))}")
        if "actor_token" in form or form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError(
                f"only `{ACCESS_TOKEN}` is issued, and nobody acts for another: leave the rest out"
            )
        user = await self.away.arrivals.exchanged(forms.required(form, "subject_token"))
        return self.issuer.to_vouched(user)

    async def _by_name(self, request: web.Request, form: Form) -> Tokens:
        forms.from_this_machine(request)
        return await self.issuer.to_person(forms.required(form, "user"), form.get("client_id", ""))

    def _client(self, form: Form) -> str:
        client = forms.required(form, "client_id")
        if client not in self.clients:
            raise InvalidClientError(f"the client `{client}` is not known here: see the setting `public_clients`")
        return client

    def _base(self, request: web.Request) -> str:
        return (self.public_url or str(request.url.origin())).rstrip("/")
