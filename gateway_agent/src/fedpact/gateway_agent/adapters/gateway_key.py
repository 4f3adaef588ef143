"""
The gateway's own key, which its DAL trusts: made at the first start, 0600, with its public half beside it.

`<file>.pub` is what the DAL is given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from fedpact.contracts.ids import DatasetId, Id
from fedpact.decision import keys, tokens
from fedpact.decision.keys import PrivateKey
from fedpact.decision.tokens import DalClaims
from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.domain.admission import WHOLE


def gateway_key(path: Path) -> PrivateKey:
    """The key in `path`."""
    if not path.exists():
        files.write(path, keys.to_pem(keys.generate()))
    key = keys.from_pem(path.read_bytes())
    public = path.with_name(f"{path.name}.pub")
    if not public.exists() or public.read_bytes() != keys.public_pem(key):
        files.write(public, keys.public_pem(key), 0o644)
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class DalTokens:
    """Mints tokens for `gateway`'s DAL. What they are worth at any moment is the DAL's own record of the activation."""

    gateway: Id
    key: PrivateKey
    lifetime: timedelta
    now: Callable[[], datetime]

    def mint(self, activation: str, datasets: Sequence[DatasetId]) -> str:
        begin = self.now()
        claims = DalClaims(
            iss=DalClaims.issuer(self.gateway),
            aud=DalClaims.audience(self.gateway),
            sub=activation,
            datasets=dict.fromkeys(datasets, WHOLE),
            iat=int(begin.timestamp()),
            nbf=int(begin.timestamp()),
            exp=int((begin + self.lifetime).timestamp()),
            jti=uuid4().hex,
        )
        return tokens.mint(claims.model_dump(mode="json"), self.key)
