"""
The device flow (RFC 8628) as a state machine.

A device waits until a person approves or denies; an approved code is redeemed once. Asking too often makes the wait
between polls longer, which has to be remembered: so a poll is a fact, and not an error, while nobody has decided.
Time ends a device from outside the table: past `expires` nothing is decided any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from fedpact.contracts.envelope import Fact
from fedpact.identity.domain.errors import AccessDeniedError, ExpiredTokenError, InvalidGrantError, InvalidRequestError
from fedpact.identity.domain.model import (
    Device,
    DeviceApproved,
    DeviceDenied,
    DevicePolled,
    DeviceRedeemed,
    DeviceStarted,
    DeviceStatus,
    Kept,
)

TRANSITIONS: Mapping[tuple[DeviceStatus, type[Kept]], DeviceStatus] = {
    (DeviceStatus.PENDING, DevicePolled): DeviceStatus.PENDING,
    (DeviceStatus.PENDING, DeviceApproved): DeviceStatus.APPROVED,
    (DeviceStatus.PENDING, DeviceDenied): DeviceStatus.DENIED,
    (DeviceStatus.APPROVED, DeviceRedeemed): DeviceStatus.REDEEMED,
}
SLOWER = 5
"""Seconds added to the interval of a device that asks too often."""


def poll(device: Device | None, *, client: str, now: datetime) -> Sequence[DevicePolled | DeviceRedeemed]:
    """The device asks for its tokens."""
    if device is None or device.client != client:
        raise InvalidGrantError("this device code is unknown: start the login again")
    if device.status is DeviceStatus.REDEEMED:
        raise InvalidGrantError("this device code was used already: start the login again")
    if now >= device.expires:
        raise ExpiredTokenError("nobody approved the login in time: start it again")
    if device.status is DeviceStatus.DENIED:
        raise AccessDeniedError("the login was denied")
    if device.status is DeviceStatus.APPROVED:
        assert device.user is not None
        return [DeviceRedeemed(id=device.id, user=device.user)]
    too_fast = device.polled is not None and now < device.polled + timedelta(seconds=device.interval)
    interval = device.interval + SLOWER * too_fast
    return [DevicePolled(id=device.id, at=now, interval=interval, too_fast=too_fast)]


def approve(device: Device | None, *, user: str, now: datetime) -> Sequence[Kept]:
    """A person lets the device act in its name."""
    return [DeviceApproved(id=_open(device, now).id, user=user)]


def deny(device: Device | None, *, now: datetime) -> Sequence[Kept]:
    """A person turns the device away."""
    return [DeviceDenied(id=_open(device, now).id)]


def evolve(device: Device | None, fact: Fact) -> Device:
    """The device after `fact`."""
    if isinstance(fact, DeviceStarted):
        return Device(**fact.model_dump())
    assert device is not None
    assert isinstance(fact, Kept)
    moved = replace(device, status=TRANSITIONS[device.status, type(fact)])
    match fact:
        case DevicePolled():
            return replace(moved, polled=fact.at, interval=fact.interval)
        case DeviceApproved():
            return replace(moved, user=fact.user)
        case _:
            return moved


def _open(device: Device | None, now: datetime) -> Device:
    if device is None or device.status is not DeviceStatus.PENDING or now >= device.expires:
        raise InvalidRequestError("no device waits with this code: look at the device, or start the login again")
    return device
