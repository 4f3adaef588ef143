"""
What FLARE processes write to their consoles, read on this machine.

Only two facts are taken from it, never its text: it may hold tracebacks, and those may hold data.
"""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.domain.pods import PodName

REGISTERED = b"Successfully registered client"
PORT_TAKEN = (b"Address already in use", b"Failed to bind to address", b"address in use")
LONGEST = 4_000_000
KEPT = 20
"""How many logs of failed participants are kept."""


@dataclass(frozen=True, slots=True)
class Consoles:
    """`kept` is the folder where the logs of failed participants are put."""

    kept: Path

    async def begin(self, log: Path) -> None:
        await asyncio.to_thread(log.unlink, missing_ok=True)

    async def registered(self, log: Path) -> bool:
        return REGISTERED in await asyncio.to_thread(_text, log)

    async def port_taken(self, log: Path) -> bool:
        text = await asyncio.to_thread(_text, log)
        return any(words in text for words in PORT_TAKEN)

    async def keep(self, log: Path, name: PodName) -> None:
        await asyncio.to_thread(self._keep, log, name)

    def _keep(self, log: Path, name: PodName) -> None:
        if not log.exists():
            return
        files.folder(self.kept)
        shutil.copyfile(log, self.kept / f"{name}.log")
        (self.kept / f"{name}.log").chmod(files.PRIVATE)
        oldest_first = sorted(self.kept.glob("*.log"), key=lambda path: path.stat().st_mtime)
        for path in oldest_first[:-KEPT]:
            path.unlink(missing_ok=True)


def _text(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(LONGEST)
    except FileNotFoundError:
        return b""
