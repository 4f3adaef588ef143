"""Whose word counts, and for how long."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest

from fedpact.decision import keys, tokens

A, AB = "ds-a_gw-1_org-1", "ds-ab_gw-1_org-1"
TARGET = f"/datasets/{A}/one.csv"
ACTIVATION = "s-1-1-gw-1-1"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _by_hand(header: dict, claims: dict, signature: bytes) -> str:
    return f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}.{_b64(signature)}"


async def test_a_token_of_the_agent_is_accepted(dal) -> None:
    assert (await dal.get(TARGET)).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None}, {"iat": None}, {"nbf": None}, {"jti": None}, {"sub": None}, {"aud": None}, {"iss": None}, {"datasets": None},
        {"iss": "gateway-agent:gw-2"}, {"aud": "dal:gw-2"}, {"aud": "identity"}, {"sub": "s-2-1-gw-1-1"}, {"sub": ""}, {"sub": 5},
        {"datasets": {}}, {"datasets": "*"}, {"datasets": [A]}, {"datasets": {A: "abc"}}, {"datasets": {A: None}}, {"datasets": {"*": [""]}},
        {"exp": "never"}, {"exp": 2**47}, {"exp": 1e12}, {"exp": -1}, {"exp": True}, {"exp": 1}, {"nbf": 2**40}, {"iat": 2**40},
    ],
    ids=str,
)  # fmt: skip
async def test_a_signed_token_that_says_too_little_or_too_much_is_401(dal, changes: dict) -> None:
    assert (await dal.get(TARGET, token=dal.token(**changes))).status == 401


@pytest.mark.parametrize("roots", [[], ["in/"], ["../"], ["/"], ["one"], ["one.csv/"], [f"{A}/one.csv"]], ids=str)
async def test_a_token_for_other_roots_is_403(dal, roots: list[str]) -> None:
    assert (await dal.get(TARGET, token=dal.token(datasets={A: roots}))).status == 403


async def test_a_token_cannot_name_more_than_its_activation(dal) -> None:
    token = dal.token(datasets={A: [""], AB: [""]})
    assert (await dal.get(TARGET, token=token)).status == 200
    assert (await dal.get(f"/datasets/{AB}/x", token=token)).status == 403


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "HS512", "EdDSA", "ES256", "RS256"])
async def test_no_other_algorithm_is_accepted_whatever_it_is_signed_with(dal, algorithm: str) -> None:
    """HS256 with the public key as the secret is the classical confusion; `none` has an empty signature."""
    header = {"alg": algorithm, "kid": keys.keyid(dal.key), "typ": "JWT"}
    signed = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(dal.claims()).encode())}".encode()
    public = keys.public_pem(dal.key)
    for signature in (b"", hmac.new(public, signed, hashlib.sha256).digest(), dal.key.sign(signed)):
        token = f"{signed.decode()}.{_b64(signature)}"
        assert (await dal.get(TARGET, token=token)).status == 401


@pytest.mark.parametrize("extra", ["jwk", "jku", "x5c", "x5u", "crit", "b64"])
async def test_a_token_brings_no_key_and_nothing_critical(dal, extra: str) -> None:
    foreign = keys.generate()
    header = {"alg": "Ed25519", "kid": keys.keyid(dal.key), "typ": "JWT", extra: tokens.jwk_of(foreign)}
    token = _by_hand(header, dal.claims(), b"")
    signature = foreign.sign(token.rpartition(".")[0].encode())
    assert (await dal.get(TARGET, token=token + _b64(signature))).status == 401


async def test_a_foreign_key_is_not_trusted_under_any_name(dal) -> None:
    foreign = keys.generate()
    for kid in (keys.keyid(foreign), keys.keyid(dal.key), "", "../agent.pem"):
        token = tokens.mint(dal.claims(), foreign, kid or "x")
        assert (await dal.get(TARGET, token=token)).status == 401


async def test_a_token_that_was_tampered_with_is_401(dal) -> None:
    good = dal.token()
    head, body, signature = good.split(".")
    wider = _b64(json.dumps(dal.claims(datasets={AB: [""]})).encode())
    for token in (
        f"{head}.{wider}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        body,
        "x.y.z",
        "..",
    ):
        assert (await dal.get(TARGET, token=token)).status == 401
    assert (await dal.get(TARGET, token=good)).status == 200


@pytest.mark.parametrize(
    "line",
    [
        "", "Authorization: {t}", "Authorization: Basic {t}", "Authorization: Bearer", "Authorization: Bearer  {t}",
        "Authorization: Bearer {t} x", "Authorization: Bearer {t},{t}", "Authorization: Bearer {t}\r\nAuthorization: Bearer {t}",
        "Cookie: token={t}", "X-Authorization: Bearer {t}", "Proxy-Authorization: Bearer {t}", 'Authorization: Bearer "{t}"',
    ],
)  # fmt: skip
async def test_a_token_counts_only_once_and_in_its_place(dal, line: str) -> None:
    header = line.format(t=dal.token())
    lines = [
        "GET " + TARGET + f"?access_token={dal.token()} HTTP/1.1",
        "Host: dal",
        "Connection: close",
        *([header] if header else []),
    ]
    assert (await dal.raw("\r\n".join(lines).encode() + b"\r\n\r\n")).status == 401


async def test_a_cached_token_ends_with_its_own_expiry(dal) -> None:
    await dal.open(valid_until=(dal.clock.now() + timedelta(days=9)).isoformat())
    token = dal.token()
    assert (await dal.get(TARGET, token=token)).status == 200
    dal.clock.pass_(86400 + 5)
    assert (await dal.get(TARGET, token=token)).status == 401


async def test_a_cached_token_ends_with_its_activation_and_lives_by_renewal(dal) -> None:
    token = dal.token()
    assert (await dal.get(TARGET, token=token)).status == 200
    dal.clock.pass_(599)
    assert (await dal.get(TARGET, token=token)).status == 200
    dal.clock.pass_(1)
    assert (await dal.get(TARGET, token=token)).status == 401
    until = (dal.clock.now() + timedelta(minutes=10)).isoformat()
    status, _ = await dal.tell("POST", f"/activations/{ACTIVATION}/extend", {"valid_until": until})
    assert status == 200
    assert (await dal.get(TARGET, token=token)).status == 200


async def test_a_cached_token_ends_with_revocation(dal) -> None:
    token = dal.token()
    assert (await dal.get(TARGET, token=token)).status == 200
    await dal.tell("DELETE", f"/activations/{ACTIVATION}")
    assert (await dal.get(TARGET, token=token)).status == 401
    assert (await dal.get(f"/policies/{A}/", token=token)).status == 401


async def test_a_key_that_is_taken_away_takes_its_tokens_with_it(dal) -> None:
    token = dal.token()
    assert (await dal.get(TARGET, token=token)).status == 200
    other = keys.generate()
    dal.settings.agent_keys.write_text(json.dumps({"keys": [tokens.jwk_of(other)]}))
    assert (await dal.get(TARGET, token=token)).status == 401
    dal.settings.agent_keys.write_text(json.dumps({"keys": [tokens.jwk_of(other), tokens.jwk_of(dal.key)]}))
    assert (await dal.get(TARGET, token=token)).status == 200
    for broken in ("", "{", "{}", '{"keys": 5}', "-----BEGIN PUBLIC KEY-----"):
        dal.settings.agent_keys.write_text(broken)
        assert (await dal.get(TARGET, token=token)).status == 401
        assert (await dal.get("/readyz")).status == 503
    dal.settings.agent_keys.unlink()
    assert (await dal.get(TARGET, token=token)).status == 401
    dal.settings.agent_keys.write_bytes(keys.public_pem(dal.key))
    assert (await dal.get(TARGET, token=token)).status == 200
    assert (await dal.get("/readyz")).status == 200
