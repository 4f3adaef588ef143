"""
Logins of browsers: who is behind a cookie, without the browser ever holding a token.

A browser holds one random secret. The tokens it stands for are kept here, sealed with a key made from that secret,
under a name made from it: whoever reads the store, or a log, has nothing to log in with. Access tokens are renewed
when they get old. A refresh token is worth something once, so whoever renews claims the login first, and everybody
else (another request of the same page, another replica) waits for what comes of it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import outcome_of
from fedpact.portal.app.ports import Issuer, Tokens, Vault
from fedpact.portal.domain.errors import LoginEndedError
from fedpact.portal.domain.model import Login

EARLY = timedelta(seconds=60)
"""How long before its end an access token is renewed, at most half of its life."""
CLAIM = timedelta(seconds=15)
GLANCE, GLANCES = 0.1, 100


class Logins:
    """All logins of this portal's pages."""

    def __init__(self, kept: Stored[Login], issuer: Issuer, vault: Vault, clock: Clock, life: timedelta) -> None:
        self._kept, self._issuer, self._vault, self._clock, self._life = kept, issuer, vault, clock, life

    async def begin(self, tokens: Tokens) -> str:
        """Somebody logged in: the secret their browser keeps."""
        secret, now = self._vault.fresh(), self._clock.now()
        await self._write(self._login(secret, tokens, now, now + self._life))
        return secret

    async def token(self, secret: str) -> str | None:
        """An access token for whom the secret stands for; `None` when the login is over."""
        name = self._name(secret)
        for _ in range(GLANCES):
            login, now = await self._kept.find(name), self._clock.now()
            tokens = self._tokens(secret, login) if login and now < login.until else None
            if login is None or tokens is None:
                return None
            if now < login.renews:
                return tokens.access
            if await self._claim(name, now):
                return await self._renew(secret, login, tokens)
            await asyncio.sleep(GLANCE)
        raise UnavailableError("the login is being renewed and that takes long")

    async def end(self, secret: str) -> None:
        """The person logs out."""
        name, now = self._name(secret), self._clock.now()
        login = await self._kept.find(name)
        tokens = self._tokens(secret, login) if login else None
        if login is None or tokens is None:
            return
        await self._close(login, now)
        if tokens.refresh:
            await self._issuer.end(tokens.refresh)

    async def _renew(self, secret: str, login: Login, tokens: Tokens) -> str | None:
        if not tokens.refresh:
            await self._close(login, self._clock.now())
            return None
        outcome = await outcome_of(self._issuer.renew(tokens.refresh))
        now = self._clock.now()
        match outcome:
            case Tokens():
                await self._write(self._login(secret, outcome, now, login.until))
                return outcome.access
            case LoginEndedError():
                await self._close(login, now)
                return None
            case _:
                await self._write(login.model_copy(update={"claimed": None}))
                raise outcome

    async def _claim(self, name: str, now: datetime) -> bool:
        def claimed(login: Login | None) -> Sequence[Login]:
            if login is None or now < login.renews or (login.claimed and now < login.claimed + CLAIM):
                return []
            return [login.model_copy(update={"claimed": now})]

        return bool(await self._kept.change(name, claimed, Cause(now=now)))

    async def _close(self, login: Login, now: datetime) -> None:
        await self._write(login.model_copy(update={"sealed": "", "until": now}))

    async def _write(self, login: Login) -> None:
        await self._kept.change(login.key, lambda _: [login], Cause(now=self._clock.now()))

    def _login(self, secret: str, tokens: Tokens, now: datetime, until: datetime) -> Login:
        life = timedelta(seconds=tokens.seconds)
        return Login(
            name=self._name(secret),
            sealed=self._vault.seal(secret, f"{tokens.access} {tokens.refresh or ''}"),
            renews=now + life - min(EARLY, life / 2),
            until=until,
        )

    def _tokens(self, secret: str, login: Login) -> Tokens | None:
        opened = self._vault.open(secret, login.sealed)
        if opened is None:
            return None
        access, _, refresh = opened.partition(" ")
        return Tokens(access=access, refresh=refresh or None)

    def _name(self, secret: str) -> str:
        return self._vault.mark(secret, "name")
