"""
Tokens, verified once each.

The cache saves the signature, nothing else: token and activation are asked for their time at every request, and
a change of the agent's keys empties it. Its key is the whole token.
"""

import os
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from fedpact.contracts import strict_json
from fedpact.contracts.ids import Id
from fedpact.contracts.strict_json import MalformedError
from fedpact.dal_service.domain.access import LEEWAY, LONGEST_TOKEN
from fedpact.dal_service.domain.errors import UnauthenticatedError
from fedpact.dal_service.domain.model import Bearer
from fedpact.decision import keys, tokens
from fedpact.decision.errors import DecisionError

Keys = Mapping[str, keys.PublicKey]
_Stamp = tuple[int, int, int]


class KeyFile:
    """The agent's public keys: one PEM, or a JWKS while keys are rotated. Read again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._keys: Keys = {}
        self._fault: str | None = None

    def keys(self) -> Keys:
        """The keys as of now: the same object as long as the file is the same, empty when it cannot be read."""
        stamp = self._look()
        if stamp is None or stamp != self._stamp:
            self._stamp, self._keys = stamp, self._read() if stamp else {}
        return self._keys

    def fault(self) -> str | None:
        """What is wrong with the file."""
        self.keys()
        return self._fault

    def _look(self) -> _Stamp | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - on the path of every request
        except OSError as error:
            self._fault = f"the agent's public key `{self._path}` cannot be read: {error.strerror}"
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Keys:
        try:
            found = _keys(self._path.read_bytes())
        except (OSError, DecisionError, MalformedError) as error:
            self._fault = f"the agent's public key `{self._path}` cannot be used: {error}"
            return {}
        self._fault = None if found else f"`{self._path}` holds no Ed25519 key"
        return found


class CachedTokens:
    def __init__(self, file: KeyFile, gateway: Id, *, size: int) -> None:
        self._file, self._size = file, size
        self._issuer, self._audience = tokens.DalClaims.issuer(gateway), tokens.DalClaims.audience(gateway)
        self._trusted: Keys = {}
        self._known: OrderedDict[str, Bearer] = OrderedDict()

    def bearer(self, token: str, now: datetime) -> Bearer:
        trusted = self._file.keys()
        if trusted is not self._trusted:
            self._trusted = trusted
            self._known.clear()
        found = self._known.get(token)
        if found is None:
            found = self._known[token] = self._verified(token, trusted, now)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(token)
        return found

    def _verified(self, token: str, trusted: Keys, now: datetime) -> Bearer:
        parties = {"issuer": self._issuer, "audience": self._audience}
        try:
            said = tokens.verify(token, trusted, **parties, now=now, leeway=LEEWAY)
            claims = tokens.DalClaims.model_validate(said)
        except (DecisionError, MalformedError, ValidationError) as error:
            raise UnauthenticatedError from error
        if claims.exp - claims.iat > LONGEST_TOKEN.total_seconds():
            raise UnauthenticatedError
        return Bearer(
            token_id=claims.jti,
            activation=claims.sub,
            roots=claims.datasets,
            not_before=datetime.fromtimestamp(max(claims.nbf, claims.iat), UTC),
            expires=datetime.fromtimestamp(claims.exp, UTC),
        )


def _keys(raw: bytes) -> Keys:
    if not raw.lstrip().startswith(b"{"):
        return keys.by_id([keys.public_from_pem(raw)])
    found = strict_json.loads(raw)
    return tokens.keys_of(found) if isinstance(found, dict) else {}
