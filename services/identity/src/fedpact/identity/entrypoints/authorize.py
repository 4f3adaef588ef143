"""
The page where a browser logs somebody in for a program (RFC 6749, 4.1; RFC 9700).

A request that names an unknown program, or an address that program did not register, is answered here and sends the
browser nowhere. Every other refusal goes back to the program, as it asked to be told. Who the person is comes from the
identity provider; where none is connected, from the development login: whoever was chosen, on this machine only.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from fedpact.chassis.errors import UnavailableError
from fedpact.identity.app.codes import Asked, Codes
from fedpact.identity.app.issuer import Issuer
from fedpact.identity.domain.errors import InvalidRequestError, OAuthError, UnauthorizedClientError
from fedpact.identity.entrypoints import forms
from fedpact.identity.entrypoints.away import Away
from fedpact.identity.entrypoints.frame import closed, option, page, told

_CHALLENGE = re.compile(r"^[A-Za-z0-9_-]{43}$")
_LOOPBACK = re.compile(r"^http://(127\.0\.0\.1|\[::1\]):[0-9]{1,5}/callback$")
ERRAND = "authorize"
LONGEST_STATE = 500
KEPT = ("response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method")
_FORM = """<h1>Log in</h1>
<p>This is the development login: nobody is asked for a password, so it works on this machine only.</p>
<form method="post" action="authorize">
{hidden}<label for="user">Who you are</label>
<select id="user" name="user" required autofocus>{people}</select>
<button class="first" name="decision" value="approve">Log in</button>
<button name="decision" value="deny">Cancel</button>
</form>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorize:
    issuer: Issuer
    codes: Codes
    redirects: Mapping[str, Collection[str]]
    loopback: Collection[str]
    """Programs on people's own machines: each may use any port of that machine (RFC 8252, 7.3)."""
    away: Away | None
    """The way to the identity provider, when one is connected."""
    open: bool
    """Whether whoever is chosen is believed."""

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/authorize", self.ask)
        app.router.add_post("/authorize", self.decide)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """The form, or the way to who knows the person."""
        if not self.open and self.away is None:
            return closed()
        try:
            asked = self._asked(request.query)
        except OAuthError as error:
            return told(error)
        kept = {name: request.query.get(name, "") for name in KEPT}
        try:
            _check(kept)
            if self.away is not None:
                return await self.away.leave({"to": ERRAND, **kept})
        except OAuthError as error:
            return _back(asked, kept, {"error": error.slug, "error_description": error.reason})
        except UnavailableError as error:
            return told(error)
        return await self._form(asked, kept)

    async def _form(self, asked: Asked, kept: Mapping[str, str]) -> web.Response:
        people = "".join(option(person) for person in await self.issuer.people())
        hidden = "".join(_hidden(name, value) for name, value in kept.items())
        return page("log in", _FORM.format(hidden=hidden, people=people), form_goes_to=asked.redirect_uri)

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """What the person decided."""
        if not self.open:
            return closed()
        try:
            forms.from_this_machine(request)
            form = await forms.read(request)
            asked = self._asked(form)
            _check(form)
            if form.get("decision") != "approve":
                return _back(asked, form, {"error": "access_denied", "error_description": "the login was cancelled"})
            user = forms.required(form, "user")
            if user not in {person.id for person in await self.issuer.people()}:
                raise UnauthorizedClientError(f"`{user}` is no person who may log in: go back and choose another name")
        except OAuthError as error:
            return told(error)
        return _back(asked, form, {"code": await self.codes.issue(user, asked)})

    async def entered(self, errand: Mapping[str, str], user: str) -> web.Response:
        """Somebody is back from the identity provider: send the browser on to the program."""
        asked = self._asked(errand)
        return _back(asked, errand, {"code": await self.codes.issue(user, asked)})

    def refused(self, errand: Mapping[str, str], error: OAuthError) -> web.Response:
        """Nobody came back, or nobody who may come in: the program is told."""
        return _back(self._asked(errand), errand, {"error": error.slug, "error_description": error.reason})

    def _asked(self, query: Mapping[str, str]) -> Asked:
        client, place = query.get("client_id", ""), query.get("redirect_uri", "")
        if client not in self.redirects and client not in self.loopback:
            raise UnauthorizedClientError(f"the program `{client}` is not known here: see the setting `redirects`")
        own = client in self.loopback and _LOOPBACK.fullmatch(place)
        if not own and place not in self.redirects.get(client, ()):
            raise InvalidRequestError(f"`{client}` has not registered `{place}`: see the setting `redirects`")
        return Asked(client=client, redirect_uri=place, challenge=query.get("code_challenge", ""))


def _check(query: Mapping[str, str]) -> None:
    if query.get("response_type") != "code":
        raise InvalidRequestError("only `response_type=code` is offered here")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.match(query.get("code_challenge", "")):
        raise InvalidRequestError("a `code_challenge` is needed, made by the method `S256`")
    if not 0 < len(query.get("state", "")) <= LONGEST_STATE:
        raise InvalidRequestError(f"a `state` of at most {LONGEST_STATE} characters is needed")


def _back(asked: Asked, query: Mapping[str, str], told: Mapping[str, str]) -> web.Response:
    """Send the browser back to the program."""
    state = {"state": query["state"]} if query.get("state") else {}
    joint = "&" if urlsplit(asked.redirect_uri).query else "?"
    place = asked.redirect_uri + joint + urlencode({**told, **state})
    return web.Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n'
