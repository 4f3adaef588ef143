"""
The keys access tokens are signed with: PEM files that only this service's user may read.

The first start makes the file the settings name. To rotate, put another key beside it, named like it with a suffix
(`signing.pem`, `signing-2027.pem`), and restart: the newest file signs, all of them verify, until an old one is
removed. Beside it lie other services' keys perhaps, so that no other name counts.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Self

from joserfc.jwk import OKPKey
from pydantic import JsonValue

from fedpact.decision import keys, tokens
from fedpact.decision.errors import TokenError
from fedpact.identity.domain.errors import InvalidTokenError

_OTHERS = 0o077


class KeyFileError(Exception):
    """A key file cannot be used; the text says what to do."""


class KeyRing:
    """Signs with the newest key, verifies with each. `private` is ordered, the newest last."""

    def __init__(self, private: Sequence[keys.PrivateKey], *, issuer: str, audience: str) -> None:
        self._issuer, self._audience = issuer, audience
        self._signing = private[-1]
        self._kid = thumbprint(self._signing)
        self._jwks = [dict[str, JsonValue](tokens.jwk_of(key, thumbprint(key))) for key in private]
        self._verifying = {thumbprint(key): key.public_key() for key in private}

    @classmethod
    def at(cls, file: Path, *, issuer: str, audience: str) -> Self:
        """The keys at `file`, which is made when it is not there yet."""
        if not file.exists():
            _make(file)
        rotated = file.parent.glob(f"{file.stem}-*{file.suffix}")
        files = sorted([file, *rotated], key=lambda path: (path.stat().st_mtime_ns, path.name))
        return cls([_read(path) for path in files], issuer=issuer, audience=audience)

    def sign(self, claims: Mapping[str, JsonValue]) -> str:
        return tokens.mint(claims, self._signing, self._kid)

    def subject(self, token: str, now: datetime) -> str:
        try:
            claims = tokens.verify(token, self._verifying, issuer=self._issuer, audience=self._audience, now=now)
        except TokenError as error:
            raise InvalidTokenError(error.reason) from error
        return str(claims["sub"])

    def public(self) -> Sequence[Mapping[str, JsonValue]]:
        return self._jwks


def thumbprint(key: keys.PrivateKey) -> str:
    """The RFC 7638 name of a key."""
    return OKPKey.import_key(keys.public_pem(key)).thumbprint()


def _make(file: Path) -> None:
    """Write a new key beside and link it: whoever starts at the same moment reads a whole key, and the same one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-key-")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(keys.to_pem(keys.generate()))
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(name, file)
    finally:
        Path(name).unlink()


def _read(file: Path) -> keys.PrivateKey:
    if file.stat().st_mode & _OTHERS:
        raise KeyFileError(f"`{file}` can be read by others: run `chmod 600` on it, or replace it by a new key")
    return keys.from_pem(file.read_bytes())
