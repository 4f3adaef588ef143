"""
The page where a person approves a device.

The person compares the code and decides first, here, and then proves who they are at the identity provider: the device
is approved by whom that names. A form of another site's page counts for nothing, else a link could approve a device in
the name of whoever follows it. Where no provider is connected, the person is whoever was chosen (development login), on
this machine's own pages only; without that either, the page says that there is nothing to approve with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from aiohttp import web

from fedpact.chassis.errors import UnavailableError
from fedpact.identity.app.devices import Devices
from fedpact.identity.app.issuer import Issuer
from fedpact.identity.domain.errors import OAuthError, UnauthorizedClientError
from fedpact.identity.entrypoints import forms
from fedpact.identity.entrypoints.away import Away
from fedpact.identity.entrypoints.frame import closed, option, page, told

_FORM = """<h1>Approve a device</h1>
<form method="post" action="device">
<label for="user_code">Code shown on the device</label>
<input id="user_code" name="user_code" value="{code}" autocomplete="off" spellcheck="false" required autofocus>
{who}<button class="first" name="decision" value="approve">{approve}</button>
<button name="decision" value="deny">Deny</button>
</form>"""
_WHO = """<label for="user">Who you are (development login)</label>
<select id="user" name="user" required>{people}</select>
"""
_COMPARE = """<p>Only go on if you began this login yourself, just now, and your device shows this very code:
it will act in your name.</p>
"""
ERRAND = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    issuer: Issuer
    devices: Devices
    away: Away | None
    """The way to the identity provider, when one is connected."""
    open: bool
    """Whether whoever is chosen is believed."""

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/device", self.ask)
        app.router.add_post("/device", self.decide)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """The form."""
        if not self.open and self.away is None:
            return closed()
        return await self._form(request.query.get("user_code", ""))

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """What the person decided."""
        if not self.open and self.away is None:
            return closed()
        form: forms.Form = {}
        try:
            self._check_page(request)
            form = await forms.read(request)
            code = forms.required(form, "user_code")
            await self.devices.check(code)
            if form.get("decision") != "approve":
                await self.devices.deny(code)
                return page("approve a device", "<p>Denied. You can close this page.</p>")
            return await self._approve(code, form)
        except OAuthError as error:
            return await self._form(form.get("user_code", ""), problem=error.reason)
        except UnavailableError as error:
            return told(error)

    async def entered(self, errand: Mapping[str, str], user: str) -> web.Response:
        """Somebody is back from the identity provider: they decided before they left."""
        await self.devices.approve(errand.get("user_code", ""), user)
        text = f"<p>Approved as <strong>{escape(user)}</strong>. You can close this page and go back to the device.</p>"
        return page("approve a device", text)

    def _check_page(self, request: web.Request) -> None:
        if self.away is not None:
            forms.from_own_page(request, self.away.public_url)
        else:
            forms.from_this_machine(request)

    async def _approve(self, code: str, form: forms.Form) -> web.Response:
        if self.away is not None:
            return await self.away.leave_by_page({"to": ERRAND, "user_code": code})
        user = forms.required(form, "user")
        if user not in {person.id for person in await self.issuer.people()}:
            raise UnauthorizedClientError(f"`{user}` is no person who may log in: choose another name")
        return await self.entered({"user_code": code}, user)

    async def _form(self, code: str, problem: str = "") -> web.Response:
        alert = f'<p role="alert"><strong>{escape(problem)}</strong></p>' if problem else ""
        if self.away is not None:
            who, approve = _COMPARE, "Log in and approve"
        else:
            people = "".join(option(person) for person in await self.issuer.people())
            who, approve = _WHO.format(people=people), "Approve"
        body = alert + _FORM.format(code=escape(code), who=who, approve=approve)
        return page("approve a device", body, status=400 if problem else 200)
