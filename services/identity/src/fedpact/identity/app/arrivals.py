"""People and programs that an identity provider vouches for: believed, found or registered, and kept up to date."""

from dataclasses import dataclass, replace

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.identity.app.kinds import LOGIN
from fedpact.identity.app.ports import Provider, Trip
from fedpact.identity.domain import arrivals, vouching
from fedpact.identity.domain.arrivals import Strangers
from fedpact.identity.domain.errors import NotAdmittedError
from fedpact.identity.domain.model import Organization, User
from fedpact.identity.domain.vouching import Claims, Expected, Reading, Vouched


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What of a provider's word counts here."""

    login: Expected
    """Of the token a browser's login brings."""
    exchanged: Expected
    """Of a token that a program brings itself."""
    reading: Reading
    strangers: Strangers


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    users: Aggregates[User]
    organizations: Aggregates[Organization]
    provider: Provider
    belief: Belief
    clock: Clock

    async def page(self, trip: Trip) -> str:
        """Where a browser goes."""
        return await self.provider.page(trip)

    async def back(self, code: str, trip: Trip) -> User:
        """Who came back."""
        claims = await self.provider.redeem(code, trip)
        return await self._believed(claims, replace(self.belief.login, nonce=trip.nonce))

    async def exchanged(self, token: str) -> User:
        """Whom a token of the provider vouches for."""
        return await self._believed(await self.provider.read(token), self.belief.exchanged)

    async def _believed(self, claims: Claims, expected: Expected) -> User:
        vouching.check(claims, expected, self.clock.now())
        return await self._admitted(vouching.read(claims, self.belief.reading))

    async def _admitted(self, vouched: Vouched) -> User:
        now = self.clock.now()
        known = await self._known(vouched)
        if known is not None:
            key = known.id
            await self.users.change(key, lambda user: arrivals.come(user, vouched, now), Cause(now=now))
        else:
            key = await self._registered(vouched)
        return await self.users.get(key)

    async def _known(self, vouched: Vouched) -> User | None:
        found = await self.users.where(LOGIN, vouched.login)
        if len(found) > 1:
            raise NotAdmittedError("several users share this login: ask an admin to leave one of them its subject")
        if found or vouched.email is None:
            return found[0] if found else None
        return arrivals.of_address(await self.users.every(), vouched.email)

    async def _registered(self, vouched: Vouched) -> str:
        if self.belief.strangers is Strangers.REFUSE:
            raise arrivals.unknown(vouched)
        home = await self.organizations.find(vouched.organization) if vouched.organization else None
        if await self.users.find(vouched.id) is not None:
            vouched = replace(vouched, id=vouching.marked(vouched))
        now = self.clock.now()
        await self.users.change(vouched.id, lambda user: arrivals.register(user, vouched, home), Cause(now=now))
        return vouched.id
