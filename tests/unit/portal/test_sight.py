"""Who may see what, as tables."""

import pytest
from portal_values import (
    ADA,
    ADMIN,
    BOB,
    LABOWNER,
    LAKE,
    LAKEOWNER,
    STEWARD,
    STRANGER,
    announced,
    created,
    gateway,
    job,
    policy_document,
    published,
    user,
    verdict,
)

from fedpact.contracts.envelope import Actor
from fedpact.contracts.policies import Beneficiaries
from fedpact.portal.domain.model import Audience, GatewayState, JobState, SpecState
from fedpact.portal.domain.sight import (
    custodian_reasons,
    job_row,
    may_hear,
    may_see_gateway,
    may_see_job,
    may_see_policy,
    may_see_spec,
    may_see_user,
    spec_row,
)


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [(ADA, True), (BOB, True), (LAKEOWNER, True), (STEWARD, True), (ADMIN, True), (STRANGER, False)],
)
def test_a_spec_is_seen_by_the_creators_colleagues_the_custodians_and_admins(viewer: Actor, sees: bool) -> None:
    row = spec_row(SpecState(created=created()))
    assert row is not None
    assert may_see_spec(viewer, row) is sees


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [(ADA, True), (BOB, False), (LABOWNER, True), (LAKEOWNER, False), (ADMIN, False), (STRANGER, False)],
)
def test_a_job_is_its_creators_and_the_owners_of_the_same_organization(viewer: Actor, sees: bool) -> None:
    row = job_row(JobState(changed=job()))
    assert row is not None
    assert may_see_job(viewer, row.creator) is sees


@pytest.mark.parametrize(("viewer", "sees"), [(STEWARD, True), (ADMIN, True), (ADA, False), (STRANGER, False)])
def test_a_gateway_is_its_organizations_and_the_admins(viewer: Actor, sees: bool) -> None:
    assert may_see_gateway(viewer, GatewayState(registered=gateway())) is sees
    assert may_see_gateway(viewer, GatewayState(announced=announced())) is sees
    assert not may_see_gateway(viewer, GatewayState())


@pytest.mark.parametrize(
    ("viewer", "sees"), [(ADA, True), (BOB, False), (LABOWNER, True), (ADMIN, True), (LAKEOWNER, False)]
)
def test_a_user_is_seen_by_itself_its_owner_and_admins(viewer: Actor, sees: bool) -> None:
    assert may_see_user(viewer, user(ADA)) is sees


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (ADA, True),
        (BOB, False),
        (BOB.model_copy(update={"groups": ("cardio",)}), True),
        (STEWARD, True),
        (ADMIN, False),
        (STRANGER, False),
    ],
)
def test_a_policy_is_seen_by_its_organization_and_its_beneficiaries(viewer: Actor, sees: bool) -> None:
    assert may_see_policy(viewer, published()) is sees


def test_a_policy_for_an_organization_is_seen_by_everybody_in_it() -> None:
    policy = published(policy_document(beneficiaries=Beneficiaries(organizations=("moor",))))
    assert may_see_policy(STRANGER, policy)
    assert not may_see_policy(ADA, policy)


@pytest.mark.parametrize(("viewer", "count"), [(LAKEOWNER, 1), (STEWARD, 0), (ADA, 0), (ADMIN, 0), (STRANGER, 0)])
def test_a_custodians_reasons_are_for_its_owner_alone(viewer: Actor, count: int) -> None:
    assert len(custodian_reasons(viewer, verdict())) == count


def test_a_custodian_of_a_derived_or_moved_dataset_is_the_one_its_id_names_too() -> None:
    pact = created()
    moved = pact.model_copy(update={"sites": (pact.sites[1],)})
    row = spec_row(SpecState(created=moved))
    assert row is not None
    assert LAKE.rpartition("_")[2] in row.custodians


@pytest.mark.parametrize(
    ("audience", "heard"),
    [
        (Audience(), False),
        (Audience(everyone=True), True),
        (Audience(admins=True), False),
        (Audience(organizations=("lab",)), True),
        (Audience(owners=("lab",)), False),
        (Audience(users=("ada",)), True),
        (Audience(groups=("cardio",)), False),
    ],
)
def test_nobody_hears_what_is_not_for_them(audience: Audience, heard: bool) -> None:
    assert may_hear(ADA, audience) is heard


def test_what_was_not_created_yet_has_no_row() -> None:
    assert spec_row(SpecState()) is None
    assert job_row(JobState()) is None
