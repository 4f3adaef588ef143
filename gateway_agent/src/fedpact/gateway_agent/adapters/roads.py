"""
How gateways come to the FLARE servers of this orchestrator: straight to each one's own port, or by the one entrance.

The entrance, of the same user, reads a folder: a file's name is a server's name, its content is where that server
listens. A file that is there is a route, so nothing has to be told to the entrance, nothing is lost when it or the
agent starts anew, and what is removed leads nowhere from that moment on.
"""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.domain.kits import Joint


@dataclass(frozen=True, slots=True)
class DirectRoads:
    """Every server is reached at its own port."""

    def outside(self, joint: Joint) -> Joint:
        return joint

    def named(self, joint: Joint) -> Joint:
        return joint

    async def open(self, joint: Joint) -> None:
        """Nothing to open: the server listens where gateways come."""

    async def close(self, project: str) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntranceRoads:
    """`host` and `port` are the entrance as gateways find it; servers are called `<project>.flare.<domain>`."""

    host: str
    port: int
    domain: str
    folder: Path

    def named(self, joint: Joint) -> Joint:
        return replace(joint, name=self._name(joint.project))

    def outside(self, joint: Joint) -> Joint:
        return replace(joint, host=self.host, port=self.port)

    async def open(self, joint: Joint) -> None:
        await asyncio.to_thread(self._write, joint)

    async def close(self, project: str) -> None:
        await asyncio.to_thread((self.folder / self._name(project)).unlink, missing_ok=True)

    def _name(self, project: str) -> str:
        return f"{project}.flare.{self.domain}"

    def _write(self, joint: Joint) -> None:
        files.write(self.folder / joint.name, joint.target)
