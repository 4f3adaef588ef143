"""Who may add and change whom."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.identity import ChangeUser, OrganizationRegistered, RegisterOrganization, RegisterUser, Role
from fedpact.identity.domain import members
from fedpact.identity.domain.errors import (
    AlreadyRegisteredError,
    IdentityError,
    NoProviderError,
    NotAllowedError,
    SelfLockoutError,
    UnknownOrganizationError,
    UnknownUserError,
)
from fedpact.identity.domain.model import AccountChanged, Organization, User, login_at

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = int(NOW.timestamp())
CLINIC = Organization(id="clinic", name="Clinic")
ADMIN = Actor(user="root", organization="federation", roles=(Role.ADMIN,))
OWNER = Actor(user="olga", organization="clinic", roles=(Role.OWNER,))
STRANGER = Actor(user="otto", organization="lab", roles=(Role.OWNER,))
STEWARD = Actor(user="stefan", organization="clinic", roles=(Role.DATA_STEWARD, Role.MODEL_MANAGER))
ADA = User(id="ada", organization="clinic", name="Ada", roles=(Role.DATA_SCIENTIST,), groups=("research",))
HASH = "a" * 64


def order(actor, command):
    return Order(command=command, actor=actor, now=NOW)


def registration(**changed):
    wanted = {"user": "ada", "organization": "clinic", "name": "Ada", "roles": (Role.DATA_SCIENTIST,)}
    return RegisterUser(**(wanted | {"groups": ("research",)} | changed))


def after(facts, known=None):
    for fact in facts:
        known = members.evolve_user(known, fact)
    return known


def test_an_admin_registers_an_organization():
    facts = members.register_organization(
        None, order(ADMIN, RegisterOrganization(organization="clinic", name="Clinic"))
    )
    assert facts == [OrganizationRegistered(organization="clinic", name="Clinic")]
    assert members.evolve_organization(None, facts[0]) == CLINIC


def test_nobody_else_registers_an_organization():
    with pytest.raises(NotAllowedError):
        members.register_organization(None, order(OWNER, RegisterOrganization(organization="clinic", name="Clinic")))


def test_registering_the_same_organization_again_changes_nothing():
    again = order(ADMIN, RegisterOrganization(organization="clinic", name="Clinic"))
    assert members.register_organization(CLINIC, again) == []


def test_an_organization_is_not_renamed_by_registering_it_again():
    with pytest.raises(AlreadyRegisteredError, match="registered as `Clinic`"):
        members.register_organization(CLINIC, order(ADMIN, RegisterOrganization(organization="clinic", name="Other")))


@pytest.mark.parametrize("actor", [ADMIN, OWNER])
def test_admins_and_owners_of_the_organization_register_a_user(actor):
    assert after(members.register_user(None, order(actor, registration()), CLINIC)) == ADA


@pytest.mark.parametrize("actor", [STRANGER, STEWARD])
def test_nobody_else_registers_a_user(actor):
    with pytest.raises(NotAllowedError, match="its owners"):
        members.register_user(None, order(actor, registration()), CLINIC)


def test_a_user_needs_a_registered_organization():
    with pytest.raises(UnknownOrganizationError, match="register the organization first"):
        members.register_user(None, order(ADMIN, registration()), None)


def test_an_owner_grants_every_role_of_an_organization():
    everything = tuple(sorted(members.ORGANIZATION_ROLES))
    granted = after(members.register_user(None, order(OWNER, registration(roles=everything)), CLINIC))
    assert set(granted.roles) == {Role.OWNER, Role.DATA_STEWARD, Role.DATA_SCIENTIST, Role.MODEL_MANAGER}


def test_an_owner_does_not_grant_admin():
    with pytest.raises(NotAllowedError, match="only an admin grants the role `admin`"):
        members.register_user(None, order(OWNER, registration(roles=(Role.ADMIN,))), CLINIC)


def test_registering_the_same_user_again_changes_nothing():
    assert members.register_user(ADA, order(OWNER, registration()), CLINIC) == []


@pytest.mark.parametrize("changed", [{"name": "Eve"}, {"roles": ()}, {"secret_hash": HASH}])
def test_registering_somebody_else_under_a_taken_id_is_refused(changed):
    with pytest.raises(AlreadyRegisteredError, match="taken"):
        members.register_user(ADA, order(OWNER, registration(**changed)), CLINIC)


def test_a_user_with_a_secret_is_a_service_account():
    [fact] = members.register_user(None, order(OWNER, registration(secret_hash=HASH)), CLINIC)
    assert fact.service_account
    assert after([fact]).secret_hash == HASH


def test_a_secret_hash_is_not_in_what_is_published():
    [fact] = members.register_user(None, order(OWNER, registration(secret_hash=HASH)), CLINIC)
    assert HASH not in fact.model_dump_json()
    assert HASH not in repr(fact)


def test_members_left_out_of_a_change_stay_as_they_are():
    changed = after(members.change_user(ADA, order(OWNER, ChangeUser(user="ada", disabled=True))), ADA)
    assert changed == User(
        id="ada", organization="clinic", name="Ada", roles=ADA.roles, groups=ADA.groups, disabled=True, cut=NOW
    )


def test_a_change_to_what_is_already_so_changes_nothing():
    same = ChangeUser(user="ada", roles=ADA.roles, groups=ADA.groups, disabled=False)
    assert members.change_user(ADA, order(OWNER, same)) == []


def test_a_change_keeps_the_secret_of_a_service_account():
    robot = after(members.register_user(None, order(OWNER, registration(secret_hash=HASH)), CLINIC))
    changed = after(members.change_user(robot, order(OWNER, ChangeUser(user="ada", groups=()))), robot)
    assert changed.secret_hash == HASH


@pytest.mark.parametrize(
    ("changed", "ended"),
    [({"roles": ()}, AT), ({"groups": ()}, AT), ({"disabled": True}, AT + 1)],
)
def test_what_is_taken_from_somebody_ends_the_tokens_that_still_say_it(changed, ended):
    user = after(members.change_user(ADA, order(OWNER, ChangeUser(user="ada", **changed))), ADA)
    assert members.end_of_tokens(user) == ended


@pytest.mark.parametrize(
    "changed", [{"roles": (Role.DATA_SCIENTIST, Role.DATA_STEWARD)}, {"groups": ("research", "x")}]
)
def test_what_is_given_to_somebody_ends_nothing(changed):
    assert after(members.change_user(ADA, order(OWNER, ChangeUser(user="ada", **changed))), ADA).cut is None


def test_a_subject_needs_a_provider_and_stays_in_identity():
    wanted = order(OWNER, registration(provider_subject="s-1"))
    with pytest.raises(NoProviderError):
        members.register_user(None, wanted, CLINIC)
    [fact] = members.register_user(None, wanted, CLINIC, "https://login.example")
    assert fact.login == login_at("https://login.example", "s-1")
    assert fact.login not in fact.model_dump_json() + repr(fact)
    assert members.register_user(after([fact]), wanted, CLINIC, "https://login.example") == []


def test_somebody_who_logged_in_since_is_still_registered_with_the_same_content():
    known = replace(after(members.register_user(None, order(OWNER, registration()), CLINIC)), login="l", cut=NOW)
    assert members.register_user(known, order(OWNER, registration()), CLINIC) == []


def test_a_subject_is_given_anew_or_left_to_the_next_login():
    known = replace(ADA, login="l")
    given = ChangeUser(user="ada", provider_subject="s-2")
    assert after(members.change_user(known, order(OWNER, given), "p")).login == login_at("p", "s-2")
    forgotten = ChangeUser(user="ada", provider_subject="")
    assert after(members.change_user(known, order(OWNER, forgotten))).login is None


def test_nobody_is_given_a_subject_that_is_anothers():
    with pytest.raises(AlreadyRegisteredError):
        members.check_free("bob", [ADA])
    members.check_free("ada", [ADA])


def test_an_owner_cannot_tell_a_user_of_another_organization_from_no_user():
    said = []
    for known in (None, ADA):
        with pytest.raises(UnknownUserError) as refused:
            members.change_user(known, order(STRANGER, ChangeUser(user="ada", disabled=True)))
        said.append(refused.value.reason)
    assert said[0] == said[1]


def test_who_may_change_nobody_is_told_so():
    with pytest.raises(NotAllowedError):
        members.change_user(ADA, order(STEWARD, ChangeUser(user="ada", disabled=True)))


def test_an_owner_does_not_make_somebody_an_admin():
    with pytest.raises(NotAllowedError):
        members.change_user(ADA, order(OWNER, ChangeUser(user="ada", roles=(Role.ADMIN,))))


def test_an_owner_does_not_touch_an_admin():
    root = User(id="root", organization="clinic", name="Root", roles=(Role.ADMIN,))
    with pytest.raises(NotAllowedError, match="is an admin"):
        members.change_user(root, order(OWNER, ChangeUser(user="root", disabled=True)))


@pytest.mark.parametrize("changed", [{"disabled": True}, {"roles": ()}])
def test_nobody_takes_away_their_own_way_back(changed):
    olga = User(id="olga", organization="clinic", name="Olga", roles=(Role.OWNER,))
    with pytest.raises(SelfLockoutError, match="ask another"):
        members.change_user(olga, order(OWNER, ChangeUser(user="olga", **changed)))


roles = st.lists(st.sampled_from(list(Role)), max_size=3).map(tuple)
organizations = st.sampled_from(["clinic", "lab"])
actors = st.builds(Actor, user=st.sampled_from(["ada", "olga"]), organization=organizations, roles=roles)
commands = st.one_of(
    st.builds(RegisterUser, user=st.just("ada"), organization=organizations, name=st.just("Ada"), roles=roles),
    st.builds(ChangeUser, user=st.just("ada"), roles=st.none() | roles, disabled=st.none() | st.booleans()),
)


@given(st.lists(st.tuples(actors, commands), max_size=12))
def test_without_an_admin_nobody_becomes_one_and_nobody_moves(sent):
    known = None
    for actor, command in sent:
        if actor.has(Role.ADMIN):
            continue
        home = known.organization if known else None
        try:
            if isinstance(command, RegisterUser):
                facts = members.register_user(known, order(actor, command), CLINIC)
            else:
                facts = members.change_user(known, order(actor, command))
        except IdentityError:
            continue
        known = after(facts, known)
        assert all(isinstance(fact, AccountChanged) for fact in facts)
        assert actor.has(Role.OWNER)
        assert actor.organization == known.organization == (home or actor.organization)
        assert Role.ADMIN not in known.roles
