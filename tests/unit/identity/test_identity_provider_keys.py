"""The keys of an identity provider: when they are asked for, and which signatures count."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from fedpact.chassis.clock import FakeClock
from fedpact.chassis.errors import UnavailableError
from fedpact.identity.adapters.provider_keys import ProviderKeys
from fedpact.identity.domain.errors import UntrustedTokenError

START = datetime(2026, 1, 1, tzinfo=UTC)
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp"})
FOR_SECRETS = RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"})
FOR_SECRETS_USED_OTHERWISE = RSAKey.import_key(FOR_SECRETS.as_pem(private=True), {"kid": "enc"})
ODD = {"kty": "AKP", "kid": "post-quantum", "pub": "x", "exp": 1}


class Place:
    def __init__(self, *keys):
        self.published, self.asked, self.away = [key.as_dict(private=False) for key in keys], 0, False
        self.clock = FakeClock(START)
        self.keys = ProviderKeys(self.fetch, self.clock)

    async def fetch(self):
        self.asked += 1
        if self.away:
            raise UnavailableError("away")
        return [*self.published, ODD]


def token(key, algorithm="RS256", **header):
    named = {"kid": key.kid} if key.kid else {}
    return jws.serialize_compact({"alg": algorithm, **named, **header}, b'{"sub":"x"}', key, algorithms=[algorithm])


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS512"), (EC, "ES256"), (OKP, "Ed25519")])
async def test_what_a_published_key_signed_counts_as_often_as_it_comes(key, algorithm):
    place = Place(RSA, EC, OKP)
    assert [await place.keys.signed(token(key, algorithm)) for _ in range(3)] == [{"sub": "x"}] * 3
    assert place.asked == 1


def unsigned(algorithm):
    parts = [json.dumps({"alg": algorithm, "kid": "rsa"}).encode(), b'{"sub":"x"}']
    signed = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    proof = hmac.digest(RSA.as_pem(private=False), signed.encode(), hashlib.sha256) if algorithm == "HS256" else b""
    return f"{signed}.{urlsafe_b64encode(proof).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "forged",
    [
        unsigned("none"),
        unsigned("HS256"),
        token(RSAKey.generate_key(2048, {"kid": "rsa"})),
        token(FOR_SECRETS_USED_OTHERWISE),
        token(OctKey.generate_key(256, {"kid": "rsa"}), "HS256"),
        token(ECKey.generate_key("P-384", {"kid": "ec"}), "ES384"),
        token(RSA)[:-6] + "AAAAAA",
        "opaque",
        "a.b.c",
        "",
        "x" * 70_000,
    ],
    ids=lambda token: f"{len(token)}-characters",
)
async def test_no_other_signature_counts(forged):
    with pytest.raises(UntrustedTokenError):
        await Place(RSA, EC, FOR_SECRETS).keys.signed(forged)


async def test_a_key_without_a_name_counts_when_it_is_the_only_one_of_its_kind():
    nameless = RSAKey.import_key(RSA.as_pem(private=True))
    assert await Place(RSA, EC).keys.signed(token(nameless))
    with pytest.raises(UntrustedTokenError):
        await Place(RSA, RSAKey.generate_key(2048, {"kid": "other"})).keys.signed(token(nameless))


async def test_an_unknown_key_is_asked_for_and_a_flood_of_them_is_not():
    place, new = Place(RSA), RSAKey.generate_key(2048, {"kid": "new"})
    await place.keys.signed(token(RSA))
    place.clock.pass_(60)
    place.published.append(new.as_dict(private=False))
    assert await place.keys.signed(token(new))
    for _ in range(10):
        with pytest.raises(UntrustedTokenError):
            await place.keys.signed(token(FOR_SECRETS_USED_OTHERWISE))
    assert place.asked == 2


async def test_a_key_that_was_withdrawn_counts_no_more_after_an_hour():
    place = Place(RSA, EC)
    await place.keys.signed(token(RSA))
    place.published.pop(0)
    assert await place.keys.signed(token(RSA))
    place.clock.pass_(3600)
    with pytest.raises(UntrustedTokenError):
        await place.keys.signed(token(RSA))


async def test_what_is_known_counts_while_the_provider_is_away():
    place = Place(RSA)
    await place.keys.signed(token(RSA))
    place.away = True
    place.clock.pass_(7200)
    assert await place.keys.signed(token(RSA))
    assert await place.keys.signed(token(RSA))
    assert place.asked == 2


async def test_a_provider_that_was_never_reached_is_asked_again():
    place = Place(RSA)
    place.away = True
    with pytest.raises(UnavailableError):
        await place.keys.signed(token(RSA))
    place.away = False
    assert await place.keys.signed(token(RSA))
