"""Who may be on the bus with which key, for how long: every rule of `domain/access.py`."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.access import (
    GatewayEnrolled,
    GatewayExpiring,
    GatewayRenewed,
    GatewayRevoked,
    InviteGateway,
    RevokeGateway,
)
from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.registry import GatewayRegistered
from fedpact.decision.nkeys import Kind, NKey
from fedpact.identity.domain import access
from fedpact.identity.domain.access import Access, AccessInvited, Terms
from fedpact.identity.domain.errors import (
    FixedKeyError,
    InvalidInvitationError,
    NotAllowedError,
    NotEnrolledError,
    UnknownGatewayError,
)

NOW = datetime(2026, 5, 4, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TERMS = Terms(lifetime=90 * DAY, overlap=HOUR, fixed=frozenset({"orchestrator"}))
SITE = GatewayRegistered(gateway="berlin", organization="clinic")
ACCOUNT = NKey.generate(Kind.ACCOUNT).public
ONE, TWO, THREE = (NKey.generate(Kind.USER).public for _ in range(3))
TOKEN, OTHER = "a" * 64, "b" * 64
ADMIN = Actor(user="root", organization="hub", roles=("admin",))
OWNER = Actor(user="olga", organization="clinic", roles=("owner",))
STRANGER = Actor(user="sven", organization="elsewhere", roles=("owner", "data_steward"))


def after(known: Access | None, facts: Sequence[Fact]) -> Access:
    for fact in facts:
        known = access.evolve(known, fact)
    assert known is not None
    return known


def invite(known: Access | None = None, *, by: Actor = ADMIN, token: str = TOKEN, gateway: str = "berlin", at=NOW):
    order = Order(command=InviteGateway(gateway=gateway, token_hash=token), actor=by, now=at)
    return access.invite(known, order, SITE if gateway == "berlin" else None, ACCOUNT, TERMS)


def enroll(known: Access | None, key: str = ONE, *, token: str = TOKEN, at: datetime = NOW) -> Sequence[Fact]:
    return access.enroll(known, token_hash=token, key=key, now=at, terms=TERMS)


def renew(known: Access | None, used: str, following: str, at: datetime) -> Sequence[Fact]:
    return access.renew(known, used=used, following=following, now=at, terms=TERMS)


def revoke(known: Access | None, by: Actor = ADMIN, at: datetime = NOW) -> Sequence[Fact]:
    return access.revoke(known, Order(command=RevokeGateway(gateway="berlin"), actor=by, now=at))


INVITED = after(None, invite())
ENROLLED = after(INVITED, enroll(INVITED))


def test_an_invitation_ends_by_itself_and_tells_nobody_its_hash() -> None:
    (fact,) = invite()
    assert isinstance(fact, AccessInvited)
    assert (fact.until, fact.account, fact.organization) == (NOW + DAY, ACCOUNT, "clinic")
    assert TOKEN not in fact.model_dump_json()
    with pytest.raises(InvalidInvitationError, match="ended at"):
        enroll(INVITED, at=NOW + DAY + HOUR)


@pytest.mark.parametrize("actor", [OWNER, STRANGER])
def test_only_an_admin_invites(actor: Actor) -> None:
    with pytest.raises(NotAllowedError):
        invite(by=actor)


def test_nobody_is_invited_who_is_unknown_or_has_a_fixed_key() -> None:
    with pytest.raises(UnknownGatewayError, match="register it first"):
        invite(gateway="paris")
    with pytest.raises(FixedKeyError):
        invite(gateway="orchestrator")


def test_an_invitation_is_good_for_one_key_which_may_ask_again() -> None:
    (fact,) = enroll(INVITED)
    assert isinstance(fact, GatewayEnrolled)
    assert (fact.member_key, fact.expires_at) == (ONE, NOW + 90 * DAY)
    assert enroll(ENROLLED) == []
    with pytest.raises(InvalidInvitationError, match="used already"):
        enroll(ENROLLED, TWO)


@pytest.mark.parametrize("known", [None, INVITED])
def test_a_wrong_token_says_the_same_whether_or_not_there_is_an_invitation(known: Access | None) -> None:
    with pytest.raises(InvalidInvitationError, match="not \\(or no longer\\) good for anything"):
        enroll(known, token=OTHER)


def test_an_account_stays_whoever_is_invited_again() -> None:
    again = after(ENROLLED, access.invite(ENROLLED, _order(OTHER), SITE, "A" + "B" * 55, TERMS))
    assert again.account == ACCOUNT


def test_enrolling_again_voids_the_old_key_at_once() -> None:
    invited = after(ENROLLED, invite(ENROLLED, token=OTHER, at=NOW + HOUR))
    assert invited.void(NOW + HOUR) == {}
    again = after(invited, enroll(invited, TWO, token=OTHER, at=NOW + HOUR))
    assert again.void(NOW + HOUR) == {ONE: NOW + HOUR}
    assert again.credential is not None
    assert again.credential.key == TWO


def test_the_old_key_works_for_an_overlap_after_a_renewal() -> None:
    (fact,) = renew(ENROLLED, ONE, TWO, NOW + DAY)
    assert isinstance(fact, GatewayRenewed)
    assert (fact.expires_at, fact.overlaps_until) == (NOW + 91 * DAY, NOW + DAY + HOUR)
    renewed = after(ENROLLED, [fact])
    assert renewed.void(NOW + DAY) == {}
    assert renewed.void(NOW + DAY + HOUR) == {ONE: NOW + DAY + HOUR}


def test_a_renewal_whose_answer_got_lost_is_answered_again() -> None:
    renewed = after(ENROLLED, renew(ENROLLED, ONE, TWO, NOW + DAY))
    assert renew(renewed, ONE, TWO, NOW + DAY) == []
    with pytest.raises(NotEnrolledError):
        renew(renewed, ONE, TWO, NOW + DAY + HOUR)
    with pytest.raises(NotEnrolledError, match="was replaced"):
        renew(renewed, ONE, THREE, NOW + DAY)


@pytest.mark.parametrize("known", [None, INVITED, after(ENROLLED, revoke(ENROLLED))])
def test_who_has_no_credentials_renews_none(known: Access | None) -> None:
    with pytest.raises(NotEnrolledError, match="invitation"):
        renew(known, ONE, TWO, NOW)


def test_credentials_that_have_ended_are_not_renewed() -> None:
    with pytest.raises(NotEnrolledError):
        renew(ENROLLED, ONE, TWO, NOW + 90 * DAY)


@pytest.mark.parametrize("actor", [ADMIN, OWNER])
def test_a_revocation_ends_everything(actor: Actor) -> None:
    (fact,) = revoke(ENROLLED, actor, NOW + DAY)
    assert isinstance(fact, GatewayRevoked)
    gone = after(ENROLLED, [fact])
    assert (gone.credential, gone.invitation, gone.revoked) == (None, None, NOW + DAY)
    assert revoke(gone) == []
    with pytest.raises(InvalidInvitationError):
        enroll(gone)


def test_an_invitation_that_nobody_used_can_be_taken_back() -> None:
    gone = after(INVITED, revoke(INVITED))
    with pytest.raises(InvalidInvitationError):
        enroll(gone)


def test_nobody_else_revokes_and_nobody_learns_who_was_invited() -> None:
    for known in (None, ENROLLED):
        with pytest.raises(NotAllowedError):
            revoke(known, STRANGER)
    with pytest.raises(NotAllowedError):
        revoke(None, OWNER)


def test_a_revoked_gateway_can_be_invited_again() -> None:
    gone = after(ENROLLED, revoke(ENROLLED, at=NOW + DAY))
    invited = after(gone, invite(gone, token=OTHER, at=NOW + 2 * DAY))
    back = after(invited, enroll(invited, TWO, token=OTHER, at=NOW + 2 * DAY))
    assert (back.account, back.revoked) == (ACCOUNT, NOW + DAY)


def test_warnings_come_thirty_fourteen_and_three_days_before_the_end() -> None:
    known, told = ENROLLED, []
    while (due := known.due) is not None:
        assert access.warn(known, due - timedelta(seconds=1)) == []
        (fact,) = access.warn(known, due)
        assert isinstance(fact, GatewayExpiring)
        told.append((fact.days, fact.expires_at - due))
        known = after(known, [fact])
    assert told == [(30, 30 * DAY), (14, 14 * DAY), (3, 3 * DAY)]


@given(st.integers(0, 30 * 24))
def test_of_missed_warnings_only_the_last_is_told(hours: int) -> None:
    at = NOW + 60 * DAY + timedelta(hours=hours)
    (fact,) = access.warn(ENROLLED, at)
    assert isinstance(fact, GatewayExpiring)
    assert NOW + 90 * DAY - at <= timedelta(days=fact.days)
    assert access.warn(after(ENROLLED, [fact]), at) == []


def test_who_renewed_is_warned_of_the_new_end() -> None:
    warned = after(ENROLLED, access.warn(ENROLLED, NOW + 70 * DAY))
    renewed = after(warned, renew(warned, ONE, TWO, NOW + 71 * DAY))
    assert renewed.due == NOW + (71 + 90 - 30) * DAY


def test_keys_that_ended_anyway_are_forgotten() -> None:
    known, keys = ENROLLED, [ONE, *(NKey.generate(Kind.USER).public for _ in range(6))]
    for n, (used, following) in enumerate(pairwise(keys), 1):
        known = after(known, renew(known, used, following, NOW + n * 45 * DAY))
    assert len(known.retired) <= 2


def _order(token: str) -> Order[InviteGateway]:
    return Order(command=InviteGateway(gateway="berlin", token_hash=token), actor=ADMIN, now=NOW)
