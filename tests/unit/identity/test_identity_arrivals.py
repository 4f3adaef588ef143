"""Who comes in through an identity provider, and as whom."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fedpact.contracts.identity import Role
from fedpact.identity.domain import arrivals, members
from fedpact.identity.domain.errors import NotAdmittedError
from fedpact.identity.domain.model import Organization, User
from fedpact.identity.domain.vouching import Vouched

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLINIC = Organization(id="clinic", name="Clinic")
ADA = User(id="ada", organization="clinic", name="Ada", email="Ada@clinic.example", roles=(Role.DATA_SCIENTIST,))
VOUCHED = Vouched(login="l-1", id="ada", name="Ada L", email="ada@clinic.example")


def after(facts, known=None):
    for fact in facts:
        known = members.evolve_user(known, fact)
    return known


def test_a_first_login_belongs_to_the_user_from_then_on():
    known = after(arrivals.come(ADA, VOUCHED, NOW), ADA)
    assert known == replace(ADA, login="l-1")
    assert arrivals.come(known, VOUCHED, NOW) == []


def test_roles_of_the_provider_replace_what_was_known_and_end_tokens_that_say_more():
    known = after(arrivals.come(ADA, replace(VOUCHED, roles=(Role.DATA_STEWARD,)), NOW), ADA)
    assert (known.roles, known.cut) == ((Role.DATA_STEWARD,), NOW)
    more = after(arrivals.come(known, replace(VOUCHED, roles=(Role.DATA_STEWARD, Role.OWNER)), NOW), known)
    assert (more.roles, more.cut) == ((Role.DATA_STEWARD, Role.OWNER), NOW)


@pytest.mark.parametrize(
    ("known", "vouched", "told"),
    [
        (replace(ADA, disabled=True), VOUCHED, "`ada` is disabled"),
        (replace(ADA, login="l-2"), VOUCHED, "is somebody else at the identity provider"),
        (ADA, replace(VOUCHED, organization="lab"), "belongs to `clinic`, and the identity provider says `lab`"),
    ],
)
def test_nobody_comes_in_as_somebody_else_or_in_spite_of_being_disabled(known, vouched, told):
    with pytest.raises(NotAdmittedError, match=told):
        arrivals.come(known, vouched, NOW)


@pytest.mark.parametrize(
    "taken",
    [
        replace(ADA, login="l-2"),
        replace(ADA, secret_hash="a" * 64),
        replace(ADA, email=None),
        replace(ADA, email="b@c"),
    ],
)
def test_an_address_finds_only_a_person_who_still_waits_for_a_login(taken):
    assert arrivals.of_address([taken], "ada@clinic.example") is None
    assert arrivals.of_address([taken, ADA], "ada@clinic.example") == ADA


def test_an_address_of_two_users_finds_neither():
    with pytest.raises(NotAdmittedError, match="several users"):
        arrivals.of_address([ADA, replace(ADA, id="ada-2")], "ada@clinic.example")


def test_a_stranger_is_registered_where_the_provider_says():
    vouched = replace(VOUCHED, organization="clinic", roles=(Role.OWNER,))
    user = after(arrivals.register(None, vouched, CLINIC))
    assert (user.id, user.organization, user.roles, user.login) == ("ada", "clinic", (Role.OWNER,), "l-1")


@pytest.mark.parametrize(
    ("known", "vouched", "home", "told"),
    [
        (ADA, replace(VOUCHED, organization="clinic"), CLINIC, "became known under this name"),
        (None, VOUCHED, None, "does not say of which organization"),
        (None, replace(VOUCHED, organization="lab"), None, "`lab` does not take part here"),
    ],
)
def test_no_stranger_takes_a_name_or_comes_from_nowhere(known, vouched, home, told):
    with pytest.raises(NotAdmittedError, match=told):
        arrivals.register(known, vouched, home)
