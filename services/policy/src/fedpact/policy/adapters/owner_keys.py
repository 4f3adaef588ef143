"""Owners' public keys in a folder, one sub-folder an organization. Read anew each time: adding a file is enough."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fedpact.decision import keys
from fedpact.decision.errors import KeyFormatError
from fedpact.decision.keys import PublicKey
from fedpact.policy.domain.errors import KeyFileError


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """`<folder>/<organization>/*.pem`. Without a folder nobody's keys are known."""

    folder: Path | None

    async def of(self, organization: str) -> Mapping[str, PublicKey]:
        return await asyncio.to_thread(self._read, organization)

    def _read(self, organization: str) -> Mapping[str, PublicKey]:
        if self.folder is None:
            return {}
        return keys.by_id(_public_key(file) for file in sorted((self.folder / organization).glob("*.pem")))


def _public_key(file: Path) -> PublicKey:
    try:
        return keys.public_from_pem(file.read_bytes())
    except KeyFormatError as error:
        text = f"`{file.name}` among the keys of `{file.parent.name}` at the hub: {error.reason}; ask its operator"
        raise KeyFileError(text) from error
