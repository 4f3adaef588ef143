"""Ed25519 keys: made, written and read in one form (PKCS#8 and SPKI PEM), named by the hash of what is public."""

from collections.abc import Iterable
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from fedpact.decision.errors import KeyFormatError

PrivateKey = Ed25519PrivateKey
PublicKey = Ed25519PublicKey


def generate() -> PrivateKey:
    """A new private key."""
    return Ed25519PrivateKey.generate()


def to_pem(key: PrivateKey) -> bytes:
    """The private key as unencrypted PKCS#8 PEM; whoever writes it to a file writes it 0600."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def from_pem(pem: bytes | str) -> PrivateKey:
    """The private key in a PKCS#8 PEM."""
    try:
        key = load_pem_private_key(_raw(pem), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFormatError("this is not an unencrypted Ed25519 private key in PEM (PKCS#8)")
    return key


def public_pem(key: PublicKey | PrivateKey) -> bytes:
    """The public key as SPKI PEM."""
    return _public(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_from_pem(pem: bytes | str) -> PublicKey:
    """The public key in an SPKI PEM."""
    try:
        key = load_pem_public_key(_raw(pem))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFormatError("this is not an Ed25519 public key in PEM (SPKI)")
    return key


def keyid(key: PublicKey | PrivateKey) -> str:
    """The name of a key: SHA-256 (hex) of its public part, SPKI DER."""
    return sha256(_public(key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def by_id(keys: Iterable[PublicKey]) -> dict[str, PublicKey]:
    """The keys under their names, as verification wants them."""
    return {keyid(key): key for key in keys}


def _public(key: PublicKey | PrivateKey) -> PublicKey:
    return key.public_key() if isinstance(key, Ed25519PrivateKey) else key


def _raw(pem: bytes | str) -> bytes:
    return pem.encode() if isinstance(pem, str) else pem
