import base64
import hmac
import json
from datetime import timedelta

import pytest
from decision_values import NOW, OWNER, STRANGER
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from fedpact.contracts import strict_json
from fedpact.decision import keys
from fedpact.decision.errors import (
    ForgedTokenError,
    KeyFormatError,
    MalformedTokenError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownTokenKeyError,
    WrongAudienceError,
    WrongIssuerError,
)
from fedpact.decision.tokens import DalClaims, jwk_of, keys_of, mint, verify

AT = int(NOW.timestamp())
TRUSTED = {"k1": OWNER.public_key()}
CLAIMS = {"iss": "identity", "aud": "fedpact", "sub": "alice", "iat": AT, "exp": AT + 600}
HEADER = {"alg": "Ed25519", "kid": "k1", "typ": "JWT"}


def check(token, now=NOW, trusted=TRUSTED, **expected):
    return verify(
        token, trusted, **{"issuer": "identity", "audience": "fedpact", "now": now, "leeway": timedelta(0), **expected}
    )


def with_claims(**changes):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    return mint(claims, OWNER, "k1")


def b64(text):
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def assembled(header, payload, key=OWNER):
    """A token signed for real around any header and payload."""
    signed = f"{b64(header)}.{b64(payload)}"
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def with_header(**changes):
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not ...}
    return assembled(json.dumps(header).encode(), strict_json.dumps(CLAIMS))


def test_what_was_minted_is_vouched_for():
    assert check(mint(CLAIMS, OWNER, "k1")) == CLAIMS


def test_the_assembled_tokens_of_these_tests_are_good_but_for_what_they_change():
    assert check(with_header()) == CLAIMS


def test_a_token_is_read_by_another_implementation():
    token = jwt.decode(mint(CLAIMS, OWNER), OKPKey.import_key(jwk_of(OWNER)), algorithms=["Ed25519"])
    assert token.claims == CLAIMS
    assert token.header == {"alg": "Ed25519", "kid": keys.keyid(OWNER), "typ": "JWT"}


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "EdDSA"},
        {"alg": "HS256"},
        {"alg": "Ed448"},
        {"alg": ...},
        {"typ": ...},
        {"typ": "at+jwt"},
        {"kid": ...},
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False},
        {"jku": "https://evil.example/keys"},
        {"jwk": jwk_of(STRANGER)},
        {"x5u": "https://evil.example/cert"},
        {"x5c": []},
        {"zip": "DEF"},
    ],
)
def test_a_header_has_one_form(changes):
    with pytest.raises(MalformedTokenError):
        check(with_header(**changes))


@pytest.mark.parametrize("kid", ["k2", "", None, 1, ["k1"]])
def test_a_key_id_that_is_not_trusted_is_refused(kid):
    with pytest.raises(UnknownTokenKeyError):
        check(with_header(kid=kid))


def test_a_token_of_another_key_under_a_trusted_name_is_forged():
    with pytest.raises(ForgedTokenError):
        check(mint(CLAIMS, STRANGER, "k1"))


def test_a_public_key_used_as_a_shared_secret_opens_nothing():
    signed = f"{b64(json.dumps({**HEADER, 'alg': 'HS256'}).encode())}.{b64(strict_json.dumps(CLAIMS))}"
    token = f"{signed}.{b64(hmac.digest(keys.public_pem(OWNER), signed.encode(), 'sha256'))}"
    with pytest.raises(MalformedTokenError):
        check(token)


def test_a_changed_claim_is_forged():
    header, _, signature = mint(CLAIMS, OWNER, "k1").split(".")
    with pytest.raises(ForgedTokenError):
        check(f"{header}.{b64(strict_json.dumps({**CLAIMS, 'sub': 'mallory'}))}.{signature}")


@pytest.mark.parametrize("signature", ["", "AAAA", "!!!!", "é"])
def test_a_token_without_its_signature_is_refused(signature):
    with pytest.raises((ForgedTokenError, MalformedTokenError)):
        check(mint(CLAIMS, OWNER, "k1").rpartition(".")[0] + "." + signature)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "..",
        "a.b.c.d",
        "é.é.é",
        "{}.{}.{}",
        "." * 20_000,
        "a" * 20_000,
        b64(b"[]") + ".e30.e30",
        b64(b"{") + ".e30.e30",
    ],
)
def test_what_is_no_token_is_malformed(token):
    with pytest.raises(MalformedTokenError):
        check(token)


@pytest.mark.parametrize("payload", [b"[]", b"null", b"", b'{"exp":1,"exp":2}', b'{"exp":NaN}', b"\xff"])
def test_claims_are_one_strict_object(payload):
    with pytest.raises(MalformedTokenError):
        check(assembled(json.dumps(HEADER).encode(), payload))


def test_a_header_that_names_its_algorithm_twice_is_refused():
    with pytest.raises(MalformedTokenError):
        check(assembled(b'{"alg":"none","alg":"Ed25519","kid":"k1","typ":"JWT"}', strict_json.dumps(CLAIMS)))


@pytest.mark.parametrize("name", ["exp", "iat", "sub"])
@pytest.mark.parametrize("value", [..., None, "soon", True, 1.5, [], ""])
def test_a_token_says_until_when_since_when_and_who(name, value):
    if name == "sub" and value == "soon":
        value = 7
    with pytest.raises(MalformedTokenError):
        check(with_claims(**{name: value}))


@pytest.mark.parametrize("value", [-1, 10**400])
def test_a_time_out_of_this_world_is_refused(value):
    with pytest.raises(MalformedTokenError):
        check(with_claims(exp=value))


@pytest.mark.parametrize("issuer", [..., None, "", "identity2", ["identity"]])
def test_only_the_expected_issuer_is_heard(issuer):
    with pytest.raises(WrongIssuerError):
        check(with_claims(iss=issuer))


@pytest.mark.parametrize("audience", [..., None, "", "fedpact2", "xfedpactx", [], ["other"], {"fedpact": 1}])
def test_a_token_for_others_is_refused(audience):
    with pytest.raises(WrongAudienceError):
        check(with_claims(aud=audience))


def test_a_token_may_be_for_several():
    assert check(with_claims(aud=["other", "fedpact"]))


def test_a_token_ends_at_its_second():
    end = NOW + timedelta(seconds=600)
    assert check(with_claims(), now=end - timedelta(microseconds=1))
    with pytest.raises(TokenExpiredError):
        check(with_claims(), now=end)


def test_a_token_begins_when_it_was_issued_or_later():
    with pytest.raises(TokenNotYetValidError):
        check(with_claims(), now=NOW - timedelta(seconds=1))
    with pytest.raises(TokenNotYetValidError):
        check(with_claims(nbf=AT + 5), now=NOW + timedelta(seconds=4))
    assert check(with_claims(nbf=AT + 5), now=NOW + timedelta(seconds=5))


def test_leeway_forgives_clocks_both_ways():
    leeway = timedelta(seconds=30)
    assert check(with_claims(), now=NOW - timedelta(seconds=30), leeway=leeway)
    assert check(with_claims(), now=NOW + timedelta(seconds=629), leeway=leeway)
    with pytest.raises(TokenExpiredError):
        check(with_claims(), now=NOW + timedelta(seconds=630), leeway=leeway)


def test_keys_travel_as_a_jwks():
    jwks = {
        "keys": [
            jwk_of(OWNER, "k1"),
            {"kty": "RSA", "kid": "r"},
            {"kty": "OKP", "crv": "Ed448", "kid": "e", "x": ""},
            7,
        ]
    }
    assert {kid: keys.keyid(key) for kid, key in keys_of(jwks).items()} == {"k1": keys.keyid(OWNER)}
    assert "d" not in jwk_of(OWNER)


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": {}}, {"keys": [{**jwk_of(OWNER), "x": "AAAA"}]}, {"keys": [{**jwk_of(OWNER), "x": "!é"}]}]
)
def test_a_jwks_that_is_none_is_refused(jwks):
    with pytest.raises(KeyFormatError):
        keys_of(jwks)


DAL = {
    "iss": DalClaims.issuer("gw-1"),
    "aud": DalClaims.audience("gw-1"),
    "sub": "s-1-1",
    "datasets": {"hearts_gw-1_clinic": ["a/"]},
    "iat": AT,
    "nbf": AT,
    "exp": AT + 600,
    "jti": "j-1",
}


def test_a_dal_token_says_which_roots_may_be_read():
    claims = DalClaims.model_validate(check(mint(DAL, OWNER, "k1"), issuer="gateway-agent:gw-1", audience="dal:gw-1"))
    assert claims.datasets == {"hearts_gw-1_clinic": ("a/",)}


@pytest.mark.parametrize(
    "changes",
    [
        {"datasets": {}},
        {"datasets": ["x"]},
        {"datasets": {"../x": [""]}},
        {"datasets": {"a_b_c": "root"}},
        {"jti": ""},
        {"aud": "dal"},
    ],
)
def test_dal_claims_of_another_shape_are_refused(changes):
    with pytest.raises(ValidationError):
        DalClaims.model_validate({**DAL, **changes})
