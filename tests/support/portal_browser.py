"""A browser without a window: cookies, logins, forms as the pages hold them."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession, CookieJar
from portal_memory import Stage, application

from fedpact.chassis.http import serving

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_KEY = re.compile(r'name="key" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Shown:
    """What the browser shows."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where it is sent to."""
        return self.headers.get("Location", "")

    @property
    def csrf(self) -> str:
        found = _CSRF.search(self.text)
        return found[1] if found else ""

    @property
    def key(self) -> str:
        found = _KEY.search(self.text)
        return found[1] if found else ""


@dataclass(slots=True)
class Browser:
    session: ClientSession
    stage: Stage
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Shown:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.get(path, headers=told, allow_redirects=False) as answer:
            return Shown(answer.status, await answer.text(errors="replace"), answer.headers)

    async def post(self, path: str, form: Mapping[str, object] | None = None, **headers: str) -> Shown:
        """Send a form with this login's mark, unless the form brings its own."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = [
            (name, str(one))
            for name, value in {"csrf": self.csrf, **(form or {})}.items()
            for one in (value if isinstance(value, list | tuple) else [value])
        ]
        async with self.session.post(path, data=pairs, headers=told, allow_redirects=False) as answer:
            return Shown(answer.status, await answer.text(), answer.headers)

    async def log_in(self, user: str = "ada") -> Shown:
        await self.get("/login/start")
        ask = self.stage.issuer.asked[-1]
        back = await self.get(f"/login/callback?code={user}.{ask.challenge}&state={ask.state}")
        self.csrf = (await self.get("/specs")).csrf
        return back


@asynccontextmanager
async def browser_of(stage: Stage, user: str | None = "ada") -> AsyncIterator[Browser]:
    """A browser in which `user` is logged in."""
    async with (
        serving(application(stage), "127.0.0.1", 0) as port,
        ClientSession(f"http://127.0.0.1:{port}", cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        browser = Browser(session, stage)
        if user is not None:
            await browser.log_in(user)
        yield browser
