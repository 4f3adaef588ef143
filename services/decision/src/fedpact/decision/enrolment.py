"""What is signed when a gateway asks for a place on the bus, in one form for both sides."""

import base64
from hashlib import sha256

from fedpact.decision.nkeys import Kind, NKey, verifies

_ENROL, _RENEW = "fedpact enroll", "fedpact renew"


def token_hash(token: str) -> str:
    """What the hub keeps of an invitation."""
    return sha256(token.encode()).hexdigest()


def prove(key: NKey, token: str) -> str:
    """`key` asks to be enrolled with that token."""
    return _signed(key, _ENROL, token_hash(token), key.public)


def is_proved(public: str, token: str, proof: str) -> bool:
    """Whether the holder of that key asks to be enrolled with that token."""
    return _holds(public, proof, _ENROL, token_hash(token), public)


def renew(signing: NKey, gateway: str, following: str) -> str:
    """`signing` (the key in use, or the next one itself) wants `following` to be the gateway's next."""
    return _signed(signing, _RENEW, gateway, following)


def is_renewal(public: str, gateway: str, following: str, signature: str) -> bool:
    """Whether the holder of `public` wants `following` to be the gateway's next key."""
    return _holds(public, signature, _RENEW, gateway, following)


def _signed(key: NKey, *words: str) -> str:
    return base64.urlsafe_b64encode(key.sign(_text(words))).rstrip(b"=").decode()


def _holds(public: str, signature: str, *words: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(signature + "==")
    except ValueError:
        return False
    return verifies(public, Kind.USER, _text(words), raw)


def _text(words: tuple[str, ...]) -> bytes:
    return "\n".join(words).encode()
