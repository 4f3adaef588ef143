"""The device flow as a state machine."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.identity.domain import devices
from fedpact.identity.domain.errors import (
    AccessDeniedError,
    ExpiredTokenError,
    InvalidGrantError,
    InvalidRequestError,
    OAuthError,
)
from fedpact.identity.domain.model import (
    DeviceApproved,
    DeviceDenied,
    DevicePolled,
    DeviceRedeemed,
    DeviceStarted,
    DeviceStatus,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
END = NOW + timedelta(minutes=10)
STARTED = DeviceStarted(id="d", user_code_hash="h", client="cli", expires=END, interval=5)


def seconds(count):
    return NOW + timedelta(seconds=count)


def device(*facts):
    known = None
    for fact in (STARTED, *facts):
        known = devices.evolve(known, fact)
    return known


POLLED = DevicePolled(id="d", at=NOW, interval=5, too_fast=False)
APPROVED = DeviceApproved(id="d", user="ada")
DENIED = DeviceDenied(id="d")
REDEEMED = DeviceRedeemed(id="d", user="ada")


def test_a_device_nobody_decided_about_may_ask_again():
    assert devices.poll(device(), client="cli", now=NOW) == [POLLED]


def test_asking_too_often_makes_the_interval_longer_each_time():
    [fast] = devices.poll(device(POLLED), client="cli", now=seconds(4))
    [faster] = devices.poll(device(POLLED, fast), client="cli", now=seconds(5))
    assert (fast.too_fast, fast.interval) == (True, 10)
    assert (faster.too_fast, faster.interval) == (True, 15)


def test_asking_after_the_interval_is_fine():
    [polled] = devices.poll(device(POLLED), client="cli", now=seconds(5))
    assert (polled.too_fast, polled.interval) == (False, 5)


def test_an_approved_device_redeems_for_the_user_who_approved():
    assert devices.poll(device(POLLED, APPROVED), client="cli", now=seconds(1)) == [REDEEMED]


@pytest.mark.parametrize(
    ("known", "client", "now", "error"),
    [
        (None, "cli", NOW, InvalidGrantError),
        (device(APPROVED), "other", NOW, InvalidGrantError),
        (device(APPROVED, REDEEMED), "cli", NOW, InvalidGrantError),
        (device(DENIED), "cli", NOW, AccessDeniedError),
        (device(), "cli", END, ExpiredTokenError),
        (device(APPROVED), "cli", END, ExpiredTokenError),
    ],
)
def test_a_poll_is_refused(known, client, now, error):
    with pytest.raises(error):
        devices.poll(known, client=client, now=now)


@pytest.mark.parametrize(
    ("known", "now"), [(None, NOW), (device(), END), (device(APPROVED), NOW), (device(DENIED), NOW)]
)
def test_only_a_waiting_device_is_decided_about(known, now):
    with pytest.raises(InvalidRequestError):
        devices.approve(known, user="ada", now=now)
    with pytest.raises(InvalidRequestError):
        devices.deny(known, now=now)


moves = st.lists(st.tuples(st.sampled_from(["poll", "approve", "deny"]), st.integers(0, 200)), max_size=15)


@given(moves)
def test_whatever_arrives_a_device_moves_along_the_table_and_redeems_at_most_once(sent):
    known, now, redeemed, approved = device(), NOW, 0, False
    for move, passed in sent:
        now += timedelta(seconds=passed)
        act = {
            "poll": lambda now=now, known=known: devices.poll(known, client="cli", now=now),
            "approve": lambda now=now, known=known: devices.approve(known, user="ada", now=now),
            "deny": lambda now=now, known=known: devices.deny(known, now=now),
        }[move]
        try:
            facts = act()
        except OAuthError:
            continue
        assert now < END
        for fact in facts:
            assert (known.status, type(fact)) in devices.TRANSITIONS
            known = devices.evolve(known, fact)
            redeemed += isinstance(fact, DeviceRedeemed)
            approved |= isinstance(fact, DeviceApproved)
    assert redeemed <= int(approved)
    assert (known.status is DeviceStatus.REDEEMED) == bool(redeemed)
