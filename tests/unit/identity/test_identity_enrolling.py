"""Enrolling as identity carries it out: nobody is answered before the bus believes it, and the bus is kept in line."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from servers import until

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.copies import Copies
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.access import AskRenewal, EnrolmentRequest, InviteGateway, RevokeGateway
from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.registry import GatewayRegistered
from fedpact.decision import enrolment
from fedpact.decision.enrolment import token_hash
from fedpact.decision.nkeys import Kind, NKey
from fedpact.identity.app.access import About, Accesses
from fedpact.identity.app.kinds import ACCESSES
from fedpact.identity.domain.access import Access, Credential, Terms
from fedpact.identity.domain.errors import FixedKeyError, InvalidInvitationError, NotEnrolledError

START = datetime(2026, 5, 4, tzinfo=UTC)
ADMIN = Actor(user="root", organization="hub", roles=("admin",))
TOKEN = "berlin." + "s" * 43


class FakeBus:
    """Believes what it is told, when it is there."""

    def __init__(self) -> None:
        self.away, self.settled, self.prepared = 0, list[list[Access]](), list[str]()
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def new_account(self) -> str:
        return NKey.generate(Kind.ACCOUNT).public

    def credentials(self, known: Access, credential: Credential, now: datetime) -> str:
        return f"{known.gateway} {credential.key}"

    async def prepare(self, gateways: Sequence[str]) -> None:
        self.prepared += gateways
        if self.meanwhile:
            await self.meanwhile()

    async def settle(self, known: Sequence[Access], now: datetime) -> None:
        if self.away:
            self.away -= 1
            raise UnavailableError("the bus does not answer")
        self.settled.append(list(known))

    def about(self) -> About:
        return About(bus_url="tls://hub:4222", bus_domain="hub")


class Identity:
    def __init__(self, authority: FakeBus | None) -> None:
        self.clock, self.bus = FakeClock(START), authority
        self.accesses = Accesses(
            known=Stored(MemoryDocuments(), ACCESSES),
            sites=Copies(MemoryDocuments(), GatewayRegistered),
            authority=authority,
            terms=Terms(lifetime=timedelta(days=90)),
            clock=self.clock,
            again_seconds=0.01,
        )

    async def invite(self) -> None:
        cause = Cause(now=self.clock.now())
        await self.accesses.sites.keep(GatewayRegistered(gateway="berlin", organization="clinic"), cause)
        command = InviteGateway(gateway="berlin", token_hash=token_hash(TOKEN))
        await self.accesses.invite(Order(command=command, actor=ADMIN, now=cause.now), cause)

    async def revoke(self) -> None:
        order = Order(command=RevokeGateway(gateway="berlin"), actor=ADMIN, now=self.clock.now())
        await self.accesses.revoke(order, Cause(now=order.now))


def asking(key: NKey) -> EnrolmentRequest:
    return EnrolmentRequest(token=TOKEN, member_key=key.public, proof=enrolment.prove(key, TOKEN))


def renewing(used: NKey, following: NKey, *, by: NKey | None = None) -> AskRenewal:
    return AskRenewal(
        gateway="berlin",
        member_key=following.public,
        proof=enrolment.renew(following, "berlin", following.public),
        used_key=used.public,
        signature=enrolment.renew(by or used, "berlin", following.public),
    )


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
async def identity(bus: FakeBus) -> Identity:
    made = Identity(bus)
    await made.invite()
    return made


async def test_nobody_is_answered_before_the_bus_believes_it(identity: Identity, bus: FakeBus) -> None:
    key, bus.away = NKey.generate(Kind.USER), 1
    with pytest.raises(UnavailableError):
        await identity.accesses.enroll(asking(key))
    given = await identity.accesses.enroll(asking(key))
    assert (given.jwt, given.bus_url, given.organization) == (f"berlin {key.public}", "tls://hub:4222", "clinic")
    assert bus.prepared[-1] == "berlin"
    assert [one.credential.key for one in bus.settled[-1] if one.credential] == [key.public]


async def test_whoever_is_revoked_while_it_enrolls_gets_nothing(identity: Identity, bus: FakeBus) -> None:
    bus.meanwhile = identity.revoke
    with pytest.raises(NotEnrolledError, match="revoked"):
        await identity.accesses.enroll(asking(NKey.generate(Kind.USER)))
    assert bus.settled == []


async def test_whoever_does_not_hold_the_key_enrolls_nothing(identity: Identity, bus: FakeBus) -> None:
    held, named = NKey.generate(Kind.USER), NKey.generate(Kind.USER)
    request = asking(held).model_copy(update={"member_key": named.public})
    with pytest.raises(InvalidInvitationError, match="does not hold the key"):
        await identity.accesses.enroll(request)
    assert bus.settled == []


async def test_a_renewal_needs_the_signatures_of_both_keys(identity: Identity) -> None:
    used, following, stranger = (NKey.generate(Kind.USER) for _ in range(3))
    await identity.accesses.enroll(asking(used))
    with pytest.raises(NotEnrolledError, match="signed by both"):
        await identity.accesses.renew(renewing(used, following, by=stranger))
    with pytest.raises(NotEnrolledError, match="was replaced"):
        await identity.accesses.renew(renewing(stranger, following))
    given = await identity.accesses.renew(renewing(used, following))
    assert given.jwt == f"berlin {following.public}"


async def test_where_all_keys_are_the_setups_nothing_is_enrolled() -> None:
    fixed = Identity(None)
    with pytest.raises(FixedKeyError, match="enroll-a-gateway"):
        await fixed.invite()
    with pytest.raises(FixedKeyError):
        await fixed.accesses.enroll(asking(NKey.generate(Kind.USER)))
    await fixed.accesses.run()


async def test_the_bus_is_told_of_a_revocation_even_if_it_was_away(identity: Identity, bus: FakeBus) -> None:
    await identity.accesses.enroll(asking(NKey.generate(Kind.USER)))
    await identity.revoke()
    bus.away = 1
    running = asyncio.create_task(identity.accesses.run())

    async def told() -> bool:
        return any(one.revoked for one in bus.settled[-1])

    try:
        await until(told)
    finally:
        running.cancel()


async def test_a_bus_that_was_set_up_anew_gets_all_that_gateways_need_when_identity_starts(
    identity: Identity, bus: FakeBus
) -> None:
    await identity.accesses.enroll(asking(NKey.generate(Kind.USER)))
    bus.prepared.clear()
    bus.away = 1
    running = asyncio.create_task(identity.accesses.run())

    async def prepared() -> bool:
        return bus.prepared == ["berlin"]

    try:
        await until(prepared)
    finally:
        running.cancel()


async def test_whoever_has_not_renewed_is_warned_of(identity: Identity) -> None:
    await identity.accesses.enroll(asking(NKey.generate(Kind.USER)))
    warned = []
    for _ in range(90):
        now = identity.clock.pass_(timedelta(days=1).total_seconds())
        if "berlin" in await identity.accesses.known.documents.due(now, 10):
            await identity.accesses.tick("berlin", Cause(now=now))
            warned.append((now - START).days)
    assert warned == [60, 76, 87]
