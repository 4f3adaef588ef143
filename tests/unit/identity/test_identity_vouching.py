"""What an identity provider's token has to say before it counts, and what its claims mean here."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fedpact.contracts.identity import Role
from fedpact.contracts.ids import Id
from fedpact.identity.domain import vouching
from fedpact.identity.domain.errors import NotAdmittedError, UntrustedTokenError
from fedpact.identity.domain.vouching import Expected, Reading

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://login.example/realms/one"
EXPECTED = Expected(issuer=ISSUER, audience="fedpact", client="fedpact", leeway=timedelta(seconds=60), nonce="n")
CLAIMS = {"iss": ISSUER, "aud": "fedpact", "exp": AT + 300, "iat": AT, "nonce": "n", "sub": "s-1"}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"aud": ["fedpact"]},
        {"aud": ["fedpact", "other"], "azp": "fedpact"},
        {"exp": AT - 59},
        {"iat": AT + 60, "nbf": AT + 60},
        {"iat": AT + 0.5},
    ],
)
def test_a_token_for_us_for_now_and_for_this_login_counts(changed):
    vouching.check(CLAIMS | changed, EXPECTED, NOW)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"iss": ISSUER + "/"}, f"is issued by `{ISSUER}/`, not by `{ISSUER}`"),
        ({"iss": None}, "is issued by"),
        ({"aud": "other"}, "is for `other`, not for `fedpact`"),
        ({"aud": []}, "is for nobody"),
        ({"aud": None}, "is for nobody"),
        ({"aud": ["fedpact", "other"], "azp": "other"}, "made for the program `other`"),
        ({"exp": AT - 60}, "expired 60 s ago"),
        ({"exp": None}, "no `exp`"),
        ({"exp": True}, "no `exp`"),
        ({"iat": AT + 61}, "61 s ahead of this machine's clock"),
        ({"nbf": AT + 3600}, "3600 s ahead"),
        ({"nonce": "m"}, "another login"),
        ({"nonce": None}, "another login"),
    ],
)
def test_any_other_token_is_refused_with_what_to_do(changed, told):
    with pytest.raises(UntrustedTokenError, match=told.replace("(", r"\(")):
        vouching.check(CLAIMS | changed, EXPECTED, NOW)


KEYCLOAK = Reading(
    issuer=ISSUER,
    organization="organization",
    organizations={"the-clinic": "clinic"},
    roles="realm_access.roles",
    roles_named={"fedpact-owner": Role.OWNER, "fedpact-scientist": Role.DATA_SCIENTIST},
)
ADA = {
    **CLAIMS,
    "name": "Ada",
    "preferred_username": "Ada.Lovelace@clinic.example",
    "email": "Ada@Clinic.example",
    "email_verified": True,
    "organization": {"the-clinic": {"id": "7"}},
    "realm_access": {"roles": ["offline_access", "fedpact-scientist", "fedpact-owner"]},
}


def test_claims_are_read_as_the_operator_said():
    ada = vouching.read(ADA, KEYCLOAK)
    assert (ada.id, ada.name, ada.email, ada.organization) == ("ada-lovelace", "Ada", "ada@clinic.example", "clinic")
    assert ada.roles == (Role.DATA_SCIENTIST, Role.OWNER)


def test_a_claim_whose_name_has_dots_is_found_by_its_name_first():
    claims = ADA | {"https://example.org/roles": ["x"], "realm_access.roles": ["fedpact-owner"]}
    assert vouching.read(claims, KEYCLOAK).roles == (Role.OWNER,)


def test_what_no_claim_is_named_for_the_provider_does_not_decide():
    somebody = vouching.read(ADA, Reading(issuer=ISSUER))
    assert (somebody.organization, somebody.roles) == (None, None)
    assert vouching.read(ADA, Reading(issuer=ISSUER, everybodys="lab")).organization == "lab"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sub": ""}, "`sub` is missing or empty"),
        ({"organization": None}, "`organization` is missing or empty"),
        ({"organization": "elsewhere"}, "`elsewhere` in `organization` stand for no organization"),
        ({"realm_access": {}}, "`realm_access.roles` is missing or empty"),
        ({"realm_access": "owner"}, "`realm_access.roles` is missing or empty"),
        ({"realm_access": {"roles": ["owner", "admin"]}}, "`owner`, `admin` in `realm_access.roles` stand for no role"),
    ],
)
def test_what_is_missing_or_means_nothing_is_named(changed, told):
    with pytest.raises(NotAdmittedError, match=told):
        vouching.read(ADA | changed, KEYCLOAK)


def test_an_address_nobody_verified_counts_only_where_the_operator_trusts_it():
    unverified = ADA | {"email_verified": "true"}
    assert vouching.read(unverified, KEYCLOAK).email is None
    assert vouching.read(unverified, Reading(issuer=ISSUER, trusts_email=True)).email == "ada@clinic.example"


def test_the_same_subject_at_another_provider_is_somebody_else():
    assert vouching.read(ADA, KEYCLOAK).login != vouching.read(ADA, Reading(issuer="https://other.example")).login


@given(st.text(max_size=80), st.text(min_size=1, max_size=80))
def test_whatever_a_provider_calls_somebody_they_get_an_identifier(name, subject):
    somebody = vouching.read({"sub": subject, "preferred_username": name}, Reading(issuer=ISSUER))
    for identifier in (somebody.id, vouching.marked(somebody)):
        TypeAdapter(Id).validate_python(identifier)
