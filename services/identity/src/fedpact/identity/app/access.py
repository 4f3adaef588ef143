"""Gateways on the bus: load, decide, save; and have the bus believe what was decided before anybody is answered."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.chassis.copies import Copies
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.access import (
    AskRenewal,
    Credentials,
    Enrolled,
    EnrolmentRequest,
    InviteGateway,
    RevokeGateway,
)
from fedpact.contracts.envelope import Order
from fedpact.contracts.registry import GatewayRegistered
from fedpact.decision import enrolment
from fedpact.identity.domain import access
from fedpact.identity.domain.access import Access, Credential, Terms
from fedpact.identity.domain.errors import FixedKeyError, InvalidInvitationError, NotEnrolledError

LOOK_SECONDS = 30.0
FIXED = "this federation's bus knows only the keys of its setup: see `docs/how-to/enroll-a-gateway.md`"
log = logging.getLogger(__name__)


class Authority(Protocol):
    """Vouches for gateways towards the bus. Doing it again changes nothing."""

    def new_account(self) -> str:
        """The public key of an account that nobody else has."""
        ...

    def credentials(self, known: Access, credential: Credential, now: datetime) -> str:
        """The JWT that goes with the credential's key."""
        ...

    async def prepare(self, gateways: Sequence[str]) -> None:
        """Have the bus keep what is wanted of these gateways ready; `UnavailableError` when it cannot now."""
        ...

    async def settle(self, known: Sequence[Access], now: datetime) -> None:
        """Have the bus believe of these gateways' accounts what they say; `UnavailableError` when it cannot now."""
        ...

    def about(self) -> "About":
        """What a gateway has to know of the hub."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    bus_url: str
    bus_domain: str
    bus_ca: str = ""
    policy_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Accesses:
    """`authority` is `None` where all keys are those of the setup."""

    known: Aggregates[Access]
    sites: Copies[GatewayRegistered]
    authority: Authority | None
    terms: Terms
    clock: Clock
    again_seconds: float = 1.0
    """After which the bus is told again what it did not take."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from the look at what was decided until the bus has it, so that it is never told what was decided before."""

    async def invite(self, order: Order[InviteGateway], cause: Cause) -> None:
        """Let a gateway enroll."""
        site, account = await self.sites.find(order.command.gateway), self._authority.new_account()
        await self.known.change(
            order.command.key, lambda known: access.invite(known, order, site, account, self.terms), cause
        )

    async def revoke(self, order: Order[RevokeGateway], cause: Cause) -> None:
        """End all a gateway may do on the bus."""
        await self.known.change(order.command.key, lambda known: access.revoke(known, order), cause)
        self.changed.set()

    async def enroll(self, request: EnrolmentRequest) -> Enrolled:
        """The credentials of a gateway that shows its invitation and holds the key it names."""
        authority, now = self._authority, self.clock.now()
        if not enrolment.is_proved(request.member_key, request.token, request.proof):
            raise InvalidInvitationError("whoever asks does not hold the key that is to be enrolled: try again")
        gateway, hashed = request.token.partition(".")[0], enrolment.token_hash(request.token)
        await self.known.change(
            gateway,
            lambda known: access.enroll(known, token_hash=hashed, key=request.member_key, now=now, terms=self.terms),
            Cause(now=now),
        )
        await authority.prepare([gateway])
        known, given = await self._given(gateway, request.member_key, now)
        about = authority.about()
        return Enrolled(
            **given.model_dump(),
            gateway=known.gateway,
            organization=known.organization,
            role=known.role,
            bus_url=about.bus_url,
            bus_domain=about.bus_domain,
            bus_ca=about.bus_ca,
            policy_key=about.policy_key,
        )

    async def renew(self, asked: AskRenewal) -> Credentials:
        """The next credentials of a gateway, as the key in use wants."""
        now = self.clock.now()
        for key, signature in ((asked.used_key, asked.signature), (asked.member_key, asked.proof)):
            if not enrolment.is_renewal(key, asked.gateway, asked.member_key, signature):
                raise NotEnrolledError("the renewal is not signed by both keys: see that the agent's files are whole")
        await self.known.change(
            asked.gateway,
            lambda known: access.renew(
                known, used=asked.used_key, following=asked.member_key, now=now, terms=self.terms
            ),
            Cause(now=now),
        )
        _, given = await self._given(asked.gateway, asked.member_key, now)
        return given

    async def tick(self, key: str, cause: Cause) -> None:
        """Time has passed."""
        await self.known.change(key, lambda known: access.warn(known, cause.now), cause)

    async def run(self) -> None:
        """Keep the bus in line with what was decided, for ever; what it does not take now is tried again."""
        ready = False
        while self.authority is not None:
            self.changed.clear()
            pause = LOOK_SECONDS
            try:
                async with self._turn:
                    enrolled = [one for one in await self.known.every() if one.credential or one.revoked]
                    await self.authority.settle(enrolled, self.clock.now())
                if not ready:  # the bus may have been set up anew since they came
                    await self.authority.prepare([one.gateway for one in enrolled if one.credential])
                    ready = True
            except UnavailableError as error:
                log.warning("gateways' accounts wait: %s", error)
                pause = self.again_seconds
            await _set_within(self.changed, pause)

    async def _given(self, gateway: str, key: str, now: datetime) -> tuple[Access, Credentials]:
        """The credentials for `key`, once the bus knows of them; nobody may have decided otherwise meanwhile."""
        async with self._turn:
            known = await self.known.get(gateway)
            if known.credential is None or known.credential.key != key:
                raise NotEnrolledError("the gateway was revoked or enrolled elsewhere meanwhile: ask the admin")
            await self._authority.settle([known], now)
        jwt = self._authority.credentials(known, known.credential, now)
        return known, Credentials(jwt=jwt, expires_at=known.credential.expires)

    @property
    def _authority(self) -> Authority:
        if self.authority is None:
            raise FixedKeyError(FIXED)
        return self.authority


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
