"""
The page where a person approves a device.

Who the person is must come from a login. Only the development login exists so far: the person is whoever was chosen,
so the page answers this machine's own pages only. Without it the page says that there is nothing to approve with.
"""

from dataclasses import dataclass
from html import escape

from aiohttp import web

from fedpact.identity.app.devices import Devices
from fedpact.identity.app.issuer import Issuer
from fedpact.identity.domain.errors import OAuthError, UnauthorizedClientError
from fedpact.identity.entrypoints import forms
from fedpact.identity.entrypoints.frame import closed, option, page

_FORM = """<h1>Approve a device</h1>
<form method="post" action="/device">
<label for="user_code">Code shown on the device</label>
<input id="user_code" name="user_code" value="{code}" autocomplete="off" spellcheck="false" required autofocus>
<label for="user">Who you are (development login)</label>
<select id="user" name="user" required>{people}</select>
<button class="first" name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    issuer: Issuer
    devices: Devices
    open: bool
    """Whether a person can say who they are."""

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/device", self.ask)
        app.router.add_post("/device", self.decide)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """The form."""
        if not self.open:
            return closed()
        return await self._form(request.query.get("user_code", ""))

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """What the person decided."""
        if not self.open:
            return closed()
        form: forms.Form = {}
        try:
            forms.from_this_machine(request)
            form = await forms.read(request)
            return page("approve a device", f"<p>{await self._decided(form)}</p>")
        except OAuthError as error:
            return await self._form(form.get("user_code", ""), problem=error.reason)

    async def _decided(self, form: forms.Form) -> str:
        code = forms.required(form, "user_code")
        if form.get("decision") != "approve":
            await self.devices.deny(code)
            return "Denied. You can close this page."
        user = forms.required(form, "user")
        if user not in {person.id for person in await self.issuer.people()}:
            raise UnauthorizedClientError(f"`{user}` is no person who may log in: choose another name")
        await self.devices.approve(code, user)
        return "Approved. You can close this page and go back to the device."

    async def _form(self, code: str, problem: str = "") -> web.Response:
        people = "".join(option(person) for person in await self.issuer.people())
        told = f'<p role="alert"><strong>{escape(problem)}</strong></p>' if problem else ""
        body = told + _FORM.format(code=escape(code), people=people)
        return page("approve a device", body, status=400 if problem else 200)
