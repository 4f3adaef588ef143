"""Codes a browser carries from the login to the program that asked for it. Kept as hashes."""

from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.identity.app.issuer import Issuer, Tokens
from fedpact.identity.app.ports import Chance
from fedpact.identity.domain import codes
from fedpact.identity.domain.errors import InvalidGrantError
from fedpact.identity.domain.model import Code, CodeIssued, CodeRedeemed, CodeReplayed, hashed

LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a program asked for, in the name of a browser."""

    client: str
    redirect_uri: str
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    codes: Aggregates[Code]
    issuer: Issuer
    chance: Chance
    clock: Clock

    async def issue(self, user: str, asked: Asked) -> str:
        """A code for `user`, who has logged in."""
        now, code = self.clock.now(), self.chance.secret()
        issued = CodeIssued(
            id=hashed(code),
            user=user,
            client=asked.client,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            expires=now + LIFETIME,
        )
        await self.codes.change(issued.id, lambda _: [issued], Cause(now=now))
        return code

    async def redeem(self, code: str, client: str, redirect_uri: str, verifier: str) -> Tokens:
        """Tokens for the code; it is spent by it."""
        now, session = self.clock.now(), self.chance.secret()
        outcome = await self.codes.change(
            hashed(code),
            lambda known: codes.redeem(
                known, client=client, redirect_uri=redirect_uri, verifier=verifier, session=session, now=now
            ),
            Cause(now=now),
        )
        match outcome:
            case [CodeRedeemed(user=user)]:
                return await self.issuer.to_person(user, client, session)
            case [CodeReplayed(session=first)]:
                await self.issuer.close(first)
                raise InvalidGrantError("this code was used before, so the login has ended: log in again")
            case _:
                raise InvalidGrantError(codes.NOTHING)
