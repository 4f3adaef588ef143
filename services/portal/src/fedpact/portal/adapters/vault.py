"""
What is made from a browser's secret: names, marks and seals.

Every use has a purpose of its own, so that what is shown (a CSRF mark, a PKCE verifier) tells nothing about the key
that seals tokens.
"""

import binascii
import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class SecretVault:
    """HMAC-SHA256 for marks, AES-256-GCM for seals."""

    def fresh(self) -> str:
        return secrets.token_urlsafe(32)

    def mark(self, secret: str, purpose: str) -> str:
        return urlsafe_b64encode(_derived(secret, purpose)).decode().rstrip("=")

    def seal(self, secret: str, text: str) -> str:
        nonce = secrets.token_bytes(NONCE)
        return urlsafe_b64encode(nonce + AESGCM(_derived(secret, "seal")).encrypt(nonce, text.encode(), None)).decode()

    def open(self, secret: str, sealed: str) -> str | None:
        try:
            raw = urlsafe_b64decode(sealed)
            return AESGCM(_derived(secret, "seal")).decrypt(raw[:NONCE], raw[NONCE:], None).decode()
        except (InvalidTag, ValueError, binascii.Error):
            return None


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"fedpact/portal/{purpose}".encode(), hashlib.sha256)
