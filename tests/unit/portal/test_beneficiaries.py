"""Whom a policy names and nobody knows is told to its author, and nobody learns whose users there are."""

from portal_values import user

from fedpact.contracts.identity import OrganizationRegistered
from fedpact.contracts.policies import Beneficiaries
from fedpact.portal.domain.beneficiaries import strangers

ADA = user()
NORTHLAB = OrganizationRegistered(organization="northlab", name="North Lab")


def told(**named: tuple[str, ...]) -> list[str]:
    return list(strangers(Beneficiaries.model_validate(named), [ADA], [NORTHLAB]))


def test_who_is_known_is_not_mentioned() -> None:
    assert told(users=(ADA.user,), organizations=("northlab",)) == []


def test_an_unknown_user_is_told_without_naming_one_who_is_near() -> None:
    [sentence] = told(users=(f"{ADA.user}x",))
    assert f"there is no user `{ADA.user}x`" in sentence
    assert "did you mean" not in sentence


def test_an_unknown_organization_is_told_with_one_that_is_near() -> None:
    [sentence] = told(organizations=("nortlab",))
    assert "did you mean `northlab`?" in sentence
    assert "publish the next revision" in sentence


def test_an_unknown_group_is_told() -> None:
    assert "no group `nobody`" in told(groups=("nobody",))[0]
