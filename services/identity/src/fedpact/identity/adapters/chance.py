"""Secrets from the operating system."""

import secrets

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628, 6.1: no vowels, so that no code is a word."""


class SystemChance:
    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def user_code(self) -> str:
        half = ["".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2)]
        return "-".join(half)
