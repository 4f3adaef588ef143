"""The folder that an operator set aside for proposals. Links in it are not followed."""

import asyncio
import stat
from dataclasses import dataclass
from pathlib import Path

from fedpact.gateway_agent.domain.inbox import Found


@dataclass(frozen=True, slots=True)
class InboxFolder:
    """`folder` is absolute."""

    folder: Path

    async def look(self, name: str) -> Found:
        return await asyncio.to_thread(self._look, name)

    def path(self, entry: str) -> str:
        return f"{self.folder}/{entry}"

    def _look(self, name: str) -> Found:
        try:
            mode = (self.folder / name).lstat().st_mode
        except OSError:
            return Found.NOTHING
        if stat.S_ISDIR(mode):
            return Found.FOLDER
        return Found.FILE if stat.S_ISREG(mode) else Found.OTHER
