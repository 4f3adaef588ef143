"""
Logins that begin on one device and are approved on another (RFC 8628).

Both codes are kept as hashes; the device code is the key, the user code an index.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fedpact.chassis.aggregates import Aggregates, Cause, Step
from fedpact.chassis.clock import Clock
from fedpact.identity.app.ports import Chance
from fedpact.identity.domain import devices
from fedpact.identity.domain.errors import AuthorizationPendingError, InvalidRequestError, SlowDownError
from fedpact.identity.domain.model import Device, DevicePolled, DeviceRedeemed, DeviceStarted, DeviceStatus, hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What a device is told at the start."""

    device_code: str
    user_code: str
    seconds: int
    interval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    devices: Aggregates[Device]
    chance: Chance
    clock: Clock
    lifetime: timedelta
    interval: int

    async def start(self, client: str) -> Started:
        """A device wants to log somebody in."""
        now, code, typed = self.clock.now(), self.chance.secret(), self.chance.user_code()
        started = DeviceStarted(
            id=hashed(code),
            user_code_hash=hashed(_letters(typed)),
            client=client,
            expires=now + self.lifetime,
            interval=self.interval,
        )
        await self.devices.change(started.id, lambda _: [started], Cause(now=now))
        seconds = int(self.lifetime.total_seconds())
        return Started(device_code=code, user_code=typed, seconds=seconds, interval=self.interval)

    async def redeem(self, code: str, client: str) -> str:
        """The user who approved the device; an `OAuthError` while nobody has."""
        now = self.clock.now()
        outcome = await self.devices.change(
            hashed(code), lambda known: devices.poll(known, client=client, now=now), Cause(now=now)
        )
        match outcome:
            case [DeviceRedeemed(user=user)]:
                return user
            case [DevicePolled(too_fast=True, interval=interval)]:
                raise SlowDownError(f"nobody approved yet: ask every {interval} seconds, not more often")
            case _:
                raise AuthorizationPendingError("nobody approved yet: keep asking")

    async def check(self, typed: str) -> None:
        """Refuse a code that no device waits with."""
        await self._waiting(typed, self.clock.now())

    async def approve(self, typed: str, user: str) -> None:
        """`user` lets the device act in its name."""
        now = self.clock.now()
        await self._decide(typed, now, lambda device: devices.approve(device, user=user, now=now))

    async def deny(self, typed: str) -> None:
        """Somebody turns the device away."""
        now = self.clock.now()
        await self._decide(typed, now, lambda device: devices.deny(device, now=now))

    async def _decide(self, typed: str, now: datetime, step: Step[Device]) -> None:
        await self.devices.change((await self._waiting(typed, now)).id, step, Cause(now=now))

    async def _waiting(self, typed: str, now: datetime) -> Device:
        found = await self.devices.where("user_code", hashed(_letters(typed)))
        waiting = [d for d in found if d.status is DeviceStatus.PENDING and now < d.expires]
        if len(waiting) != 1:
            raise InvalidRequestError("no device waits with this code: look at the device, or start the login again")
        return waiting[0]


def _letters(typed: str) -> str:
    """What a person typed, without what people add or change."""
    return "".join(c for c in typed.upper() if c.isalnum())
