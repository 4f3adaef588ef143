"""
Signed envelopes (DSSE, Ed25519): the bytes that were signed are the bytes that are kept.

What is signed is the pre-authentication encoding of type and payload, so a signature under one kind of
document is none under another. `verify` returns bytes only after enough trusted keys vouched for them; nobody
parses before that.

Source: the protocol of https://github.com/secure-systems-lab/dsse, version 1.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from fedpact.contracts.policies import Dsse, Signature
from fedpact.contracts.strict_json import MalformedError
from fedpact.decision.errors import (
    BadSignatureError,
    PayloadTypeError,
    ThresholdError,
    UnknownKeyError,
    UnsignedError,
)
from fedpact.decision.keys import PrivateKey, PublicKey, keyid


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A payload and the ids of the trusted keys that signed it."""

    payload: bytes
    signed_by: tuple[str, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: type and payload with their lengths, so that neither can borrow from the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def unsigned(payload: bytes, payload_type: str) -> Dsse:
    """An envelope nobody vouches for."""
    return Dsse(payloadType=payload_type, payload=b64encode(payload).decode())


def sign(payload: bytes, payload_type: str, *private_keys: PrivateKey) -> Dsse:
    """An envelope signed by each of `private_keys`."""
    envelope = unsigned(payload, payload_type)
    for key in private_keys:
        envelope = countersign(envelope, key)
    return envelope


def countersign(envelope: Dsse, private_key: PrivateKey) -> Dsse:
    """The same envelope with one more signature, as a second custodian key gives it."""
    payload = payload_of(envelope, envelope.payloadType)
    signature = b64encode(private_key.sign(pae(envelope.payloadType, payload))).decode()
    added = Signature(keyid=keyid(private_key), sig=signature)
    return envelope.model_copy(update={"signatures": (*envelope.signatures, added)})


def payload_of(envelope: Dsse, payload_type: str) -> bytes:
    """The bytes inside, whoever signed them or not. For showing and for finding the keys; never to act upon."""
    if envelope.payloadType != payload_type:
        raise PayloadTypeError(f"this is signed as `{envelope.payloadType}`, not as `{payload_type}`")
    return _decoded(envelope.payload)


def verify(envelope: Dsse, payload_type: str, keys: Mapping[str, PublicKey], threshold: int = 1) -> bytes:
    """The payload, vouched for by at least `threshold` of `keys` (key id -> public key)."""
    return verified(envelope, payload_type, keys, threshold).payload


def verified(envelope: Dsse, payload_type: str, keys: Mapping[str, PublicKey], threshold: int = 1) -> Verified:
    """The same, with the ids of the keys that vouched. Another's signature beside a trusted one does no harm."""
    if threshold < 1:
        raise ValueError("a threshold below one would accept anything")
    payload = payload_of(envelope, payload_type)
    if not envelope.signatures:
        raise UnsignedError("this is not signed: sign it with a key its reader trusts")
    message = pae(payload_type, payload)
    known = [signature for signature in envelope.signatures if signature.keyid in keys]
    if not known:
        names = ", ".join(f"`{signature.keyid[:16]}`" for signature in envelope.signatures)
        raise UnknownKeyError(f"this is signed by {names}, which is not among the trusted keys")
    good = {signature.keyid for signature in known if _fits(keys[signature.keyid], signature, message)}
    if not good:
        raise BadSignatureError("the signature does not fit: the content was changed after it was signed")
    if len({keyid(keys[name]) for name in good}) < threshold:
        raise ThresholdError(f"this is signed by {len(good)} trusted keys, {threshold} are needed")
    return Verified(payload=payload, signed_by=tuple(sorted(good)))


def _fits(key: PublicKey, signature: Signature, message: bytes) -> bool:
    try:
        key.verify(b64decode(signature.sig, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(payload: str) -> bytes:
    try:
        return b64decode(payload, validate=True)
    except ValueError as error:
        raise MalformedError("the payload of the envelope is not base64") from error
