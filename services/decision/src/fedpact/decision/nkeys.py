"""
NKeys: Ed25519 keys as NATS writes them down, each saying what it is for.

A seed and a public key are base32 text of prefix bytes, 32 bytes and a checksum, so that a seed is never taken for a
public key, nor a user's key for an account's. A seed stays where it was made; only public keys travel.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fedpact.decision.errors import KeyFormatError

_SEED = 18 << 3
"""The letter `S`."""
_BYTES = 32


class Kind(IntEnum):
    """Whose key it is: the first letter of the public key, the second of a seed."""

    OPERATOR = 14 << 3
    """`O`: says which accounts there are."""
    ACCOUNT = 0
    """`A`: says which users an account has."""
    USER = 20 << 3
    """`U`: connects."""


@dataclass(frozen=True, slots=True, repr=False)
class NKey:
    """A private key. Its text forms never show in a representation."""

    kind: Kind
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls, kind: Kind) -> Self:
        return cls(kind, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: str) -> Self:
        raw = _decoded(seed.strip(), "an NKey seed")
        kind = ((raw[0] & 7) << 5) | (raw[1] >> 3)
        if len(raw) != _BYTES + 2 or raw[0] & 0xF8 != _SEED or kind not in {*Kind}:
            raise KeyFormatError("this is not an NKey seed")
        return cls(Kind(kind), Ed25519PrivateKey.from_private_bytes(raw[2:]))

    @property
    def seed(self) -> str:
        """The secret as text; whoever writes it to a file writes it 0600."""
        head = bytes([_SEED | (self.kind >> 5), (self.kind & 31) << 3])
        return _encoded(head + self.private.private_bytes_raw())

    @property
    def public(self) -> str:
        return _encoded(bytes([self.kind]) + self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def verifies(public: str, kind: Kind, message: bytes, signature: bytes) -> bool:
    """Whether the holder of that key signed `message`."""
    try:
        _public(public, kind).verify(signature, message)
    except (KeyFormatError, InvalidSignature):
        return False
    return True


def _public(text: str, kind: Kind) -> Ed25519PublicKey:
    raw = _decoded(text, "a public NKey")
    if len(raw) != _BYTES + 1 or raw[0] != kind:
        raise KeyFormatError(f"this is not the public NKey of {kind.name.lower()}")
    return Ed25519PublicKey.from_public_bytes(raw[1:])


def _encoded(raw: bytes) -> str:
    checked = raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(checked).rstrip(b"=").decode()


def _decoded(text: str, what: str) -> bytes:
    try:
        checked = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        raise KeyFormatError(f"this is not {what}") from error
    raw = checked[:-2]
    if not raw or _encoded(raw) != text:  # wrong, or not in its one spelling
        raise KeyFormatError(f"this is not {what}")
    return raw
