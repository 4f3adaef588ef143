"""JWTs for a NATS server: what is said is what was meant, and only by whom it says."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from fedpact.decision import nats_jwt
from fedpact.decision.errors import KeyFormatError, TokenError
from fedpact.decision.nats_jwt import Account, Export, Import, Rights
from fedpact.decision.nkeys import Kind, NKey

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OPERATOR, ACCOUNT, SIGNER, USER = (NKey.generate(k) for k in (Kind.OPERATOR, Kind.ACCOUNT, Kind.ACCOUNT, Kind.USER))


def user(**more: datetime) -> str:
    return nats_jwt.user(SIGNER, "gateway-1", USER.public, account=ACCOUNT.public, now=NOW, **more)


def test_a_user_has_no_rights_of_its_own_but_those_of_its_signer() -> None:
    claims = nats_jwt.read(user())
    assert (claims["iss"], claims["sub"], claims["name"]) == (SIGNER.public, USER.public, "gateway-1")
    nothing = {"pub": {}, "sub": {}, "subs": 0, "data": 0, "payload": 0}
    assert claims["nats"] == {"type": "user", "version": 2, "issuer_account": ACCOUNT.public, **nothing}


def test_an_account_says_which_rights_its_signers_give() -> None:
    about = Account(
        name="site-gateway-1",
        key=ACCOUNT.public,
        imports=[Import(account="AHUB", subject="$JS.API.x", local="$JS.hub.API.x")],
        exports=[Export(subject="a.>", listens=True), Export(subject="b", streams=True)],
        scopes={SIGNER.public: Rights(publish=["a"], subscribe=["b"], responds=True)},
        revoked={USER.public: NOW},
        connections=8,
    )
    said = nats_jwt.read(nats_jwt.account(OPERATOR, about, NOW))["nats"]
    assert said == nats_jwt.account_claims(about)
    imported = {"name": "$JS.API.x", "subject": "$JS.API.x", "account": "AHUB", "type": "service"}
    assert said["imports"] == [imported | {"local_subject": "$JS.hub.API.x"}]
    assert [one["type"] for one in said["exports"]] == ["stream", "service"]
    assert said["exports"][1]["response_type"] == "Stream"
    template = said["signing_keys"][0]["template"]
    assert (template["pub"], template["sub"]) == ({"allow": ["a"]}, {"allow": ["b"]})
    assert template["resp"]["max"] == 1
    assert said["revocations"] == {USER.public: int(NOW.timestamp())}
    assert (said["limits"]["conn"], said["limits"]["leaf"]) == (8, 8)
    assert "mem_storage" not in said["limits"]


def test_when_it_began_and_ends_can_be_read() -> None:
    until = NOW + timedelta(days=90)
    assert (nats_jwt.issued(user()), nats_jwt.expiry(user())) == (NOW, None)
    assert nats_jwt.expiry(user(expires=until)) == until


def test_a_changed_claim_is_noticed() -> None:
    head, body, signature = user().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["sub"] = NKey.generate(Kind.USER).public
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenError, match="signature"):
        nats_jwt.read(f"{head}.{forged}.{signature}")


def test_nobody_vouches_for_what_another_kind_of_key_has_to() -> None:
    by_user = nats_jwt.user(USER, "x", USER.public, account=ACCOUNT.public, now=NOW)
    by_account = nats_jwt.account(ACCOUNT, Account(name="x", key=ACCOUNT.public), NOW)
    for jwt in (by_user, by_account):
        with pytest.raises(TokenError):
            nats_jwt.read(jwt)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "e30.e30.e30", "e30.W10.e30"])
def test_what_is_no_jwt_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        nats_jwt.read(text)


def test_a_credentials_file_holds_both_parts() -> None:
    jwt, key = nats_jwt.parts(nats_jwt.credentials(user(), USER.seed))
    assert (jwt, key.seed) == (user(), USER.seed)
    with pytest.raises(KeyFormatError):
        nats_jwt.parts(user())
