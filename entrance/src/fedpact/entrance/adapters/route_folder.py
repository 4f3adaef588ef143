"""
Routes as files: a name that is there leads where its content says, any other leads nowhere.

The orchestrator's agent writes and removes them. Reading one for every connection keeps the two apart: there is
nothing to tell, to load or to forget, and a route that was removed is gone.
"""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from fedpact.entrance.app.ports import Address
from fedpact.entrance.domain.hello import NAME

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RouteFolder:
    """Routes below `folder`."""

    folder: Path

    async def find(self, name: str) -> Address | None:
        return await asyncio.to_thread(self._read, name) if NAME.fullmatch(name) else None

    async def problem(self) -> str | None:
        """Why there can be no routes."""
        there = await asyncio.to_thread(self.folder.is_dir)
        return None if there else f"`{self.folder}` is no folder: the orchestrator's agent keeps its routes there"

    def _read(self, name: str) -> Address | None:
        try:
            host, _, port = (self.folder / name).read_text().strip().rpartition(":")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("the route of `%s` cannot be read: %s", name, error)
            return None
        return Address(host=host, port=int(port)) if host and port.isdecimal() else None
