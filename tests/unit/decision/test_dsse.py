import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from decision_values import OWNER, STRANGER, policy

from fedpact.contracts.policies import GRANT_TYPE, POLICY_TYPE, Dsse, Signature
from fedpact.contracts.strict_json import MalformedError
from fedpact.decision import dsse, keys
from fedpact.decision.errors import (
    BadSignatureError,
    KeyFormatError,
    PayloadTypeError,
    ThresholdError,
    UnknownKeyError,
    UnsignedError,
)
from fedpact.decision.policies import read_policy, signed_policy, verified_policy

TRUSTED = keys.by_id([OWNER.public_key()])
SECOND = keys.generate()
BOTH = keys.by_id([OWNER.public_key(), SECOND.public_key()])


def test_the_encoding_is_the_one_of_the_specification():
    assert (
        dsse.pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_counted_in_bytes():
    assert dsse.pae("é", "é".encode()) == "DSSEv1 2 é 2 é".encode()


def test_what_was_signed_is_returned_byte_for_byte():
    payload = b'{ "b":1,  "a": 2 }'
    assert dsse.verify(dsse.sign(payload, "t", OWNER), "t", TRUSTED) == payload


def test_a_signature_under_another_type_is_none():
    envelope = dsse.sign(b"{}", POLICY_TYPE, OWNER)
    with pytest.raises(PayloadTypeError):
        dsse.verify(envelope, GRANT_TYPE, TRUSTED)
    with pytest.raises(BadSignatureError):
        dsse.verify(envelope.model_copy(update={"payloadType": GRANT_TYPE}), GRANT_TYPE, TRUSTED)


def test_an_envelope_without_signatures_is_unsigned():
    with pytest.raises(UnsignedError):
        dsse.verify(dsse.unsigned(b"{}", "t"), "t", TRUSTED)


def test_a_stranger_s_signature_is_refused():
    with pytest.raises(UnknownKeyError):
        dsse.verify(dsse.sign(b"{}", "t", STRANGER), "t", TRUSTED)


@pytest.mark.parametrize("name", [keys.keyid(OWNER), keys.keyid(STRANGER)], ids=["owner", "stranger"])
def test_the_key_id_is_only_a_hint(name):
    claimed = Signature(keyid=name, sig=dsse.sign(b"{}", "t", STRANGER).signatures[0].sig)
    envelope = dsse.unsigned(b"{}", "t").model_copy(update={"signatures": (claimed,)})
    with pytest.raises((BadSignatureError, UnknownKeyError)):
        dsse.verify(envelope, "t", TRUSTED)


@pytest.mark.parametrize("sig", ["", "!", "AAAA", "é"])
def test_a_signature_that_is_none_does_not_fit(sig):
    envelope = Dsse(payloadType="t", payload="e30=", signatures=(Signature(keyid=keys.keyid(OWNER), sig=sig),))
    with pytest.raises(BadSignatureError):
        dsse.verify(envelope, "t", TRUSTED)


def test_any_flipped_bit_of_the_payload_is_seen():
    payload = b'{"a":1}'
    envelope = dsse.sign(payload, "t", OWNER)
    for bit in range(len(payload) * 8):
        changed = bytearray(payload)
        changed[bit // 8] ^= 1 << bit % 8
        forged = envelope.model_copy(update={"payload": base64.b64encode(changed).decode()})
        with pytest.raises(BadSignatureError):
            dsse.verify(forged, "t", TRUSTED)


@pytest.mark.parametrize("payload", ["e30", "e3 0=", "é", "e30=\n"])
def test_a_payload_that_is_not_base64_is_refused(payload):
    with pytest.raises(MalformedError):
        dsse.payload_of(Dsse(payloadType="t", payload=payload), "t")


def test_a_threshold_counts_different_trusted_keys():
    once = dsse.sign(b"{}", "t", OWNER)
    twice = dsse.countersign(once, OWNER)
    for envelope in (once, twice, dsse.countersign(once, STRANGER)):
        with pytest.raises(ThresholdError):
            dsse.verify(envelope, "t", BOTH, threshold=2)
    assert dsse.verify(dsse.countersign(once, SECOND), "t", BOTH, threshold=2) == b"{}"


def test_one_key_under_two_names_counts_once():
    signature = dsse.sign(b"{}", "t", OWNER).signatures[0]
    envelope = dsse.unsigned(b"{}", "t").model_copy(
        update={"signatures": (Signature(keyid="a", sig=signature.sig), Signature(keyid="b", sig=signature.sig))}
    )
    with pytest.raises(ThresholdError):
        dsse.verify(envelope, "t", {"a": OWNER.public_key(), "b": OWNER.public_key()}, threshold=2)


def test_a_threshold_below_one_is_a_mistake():
    with pytest.raises(ValueError, match="anything"):
        dsse.verify(dsse.sign(b"{}", "t", OWNER), "t", TRUSTED, threshold=0)


def test_a_trusted_signature_is_enough_beside_another_s():
    envelope = dsse.sign(b"{}", "t", STRANGER, OWNER)
    assert dsse.verified(envelope, "t", TRUSTED).signed_by == (keys.keyid(OWNER),)


def test_a_policy_is_read_by_everybody_and_verified_by_who_trusts():
    envelope = signed_policy(policy(), OWNER)
    assert read_policy(envelope) == policy()
    assert verified_policy(envelope, TRUSTED) == (policy(), (keys.keyid(OWNER),))
    assert read_policy(signed_policy(policy())) == policy()


def test_a_policy_that_names_a_member_twice_is_refused_though_signed():
    with pytest.raises(MalformedError, match="twice"):
        verified_policy(dsse.sign(b'{"id":"a","id":"b"}', POLICY_TYPE, OWNER), TRUSTED)


def test_keys_survive_their_files():
    assert keys.keyid(keys.from_pem(keys.to_pem(OWNER))) == keys.keyid(OWNER)
    assert keys.keyid(keys.public_from_pem(keys.public_pem(OWNER).decode())) == keys.keyid(OWNER)


def test_a_key_id_is_the_hash_of_the_public_key():
    der = OWNER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert keys.keyid(OWNER) == sha256(der).hexdigest()


def test_other_kinds_of_keys_are_refused():
    curve = ec.generate_private_key(ec.SECP256R1())
    for pem in (
        b"",
        b"not a key",
        keys.public_pem(OWNER),
        curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        with pytest.raises(KeyFormatError):
            keys.from_pem(pem)
    for pem in (
        b"",
        keys.to_pem(OWNER),
        curve.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ):
        with pytest.raises(KeyFormatError):
            keys.public_from_pem(pem)
