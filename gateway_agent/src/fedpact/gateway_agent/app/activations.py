"""
What the orchestrator's agent knows of a running activation only as long as it lives itself.

A session, a watchdog's notice, what was seen of jobs: all of it is found again after a restart. One activation per
server; jobs and server share it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fedpact.gateway_agent.app.ports import Federation, Session
from fedpact.gateway_agent.domain.errors import UnreachableError
from fedpact.gateway_agent.domain.kits import Joint
from fedpact.gateway_agent.domain.pods import ADMIN, PodName, place_of
from fedpact.gateway_agent.domain.watchdog import Notice


@dataclass(slots=True, kw_only=True)
class Launched:
    """A server that was launched by this process of the agent."""

    joint: Joint
    root_ca: str
    certificates: dict[str, str]
    at: float
    launches: int


@dataclass(slots=True, kw_only=True)
class Activation:
    """One FLARE server and what is known of it."""

    server: PodName
    launched: Launched | None = None
    notice: Notice | None = None
    unheard_since: float | None = None
    """Since when it does not answer."""
    stopping_since: float | None = None
    statuses: dict[str, str] = field(default_factory=dict)
    """Engine id of an open job -> FLARE's status."""
    lost: set[str] = field(default_factory=set)
    """Engine ids of jobs that nothing runs any more."""
    fetching: dict[str, float] = field(default_factory=dict)
    """Engine id -> since when its results are being fetched."""
    watched: dict[str, float] = field(default_factory=dict)
    """Engine id -> since when it is asked after."""
    unanswered: dict[str, float] = field(default_factory=dict)
    """Engine id -> since when FLARE says that a site did not answer when the job was handed out."""
    told: dict[str, int] = field(default_factory=dict)
    """Engine id -> bytes of its metrics that were passed on."""
    session: Session | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def speaking(self, federation: Federation, folder: Path) -> AsyncIterator[Session]:
        """Its session, opened when there is none. One that broke off is opened anew by the next who asks."""
        async with self._opening:
            if self.session is None:
                self.session = await federation.open(place_of(folder, self.server.sibling(ADMIN)).kit)
            session = self.session
        try:
            yield session
        except UnreachableError:
            if self.session is session:
                await self.hang_up()
            raise

    async def hang_up(self) -> None:
        """Close the session, if there is one."""
        session, self.session = self.session, None
        if session:
            await session.close()


@dataclass(slots=True)
class Activations:
    """All of this orchestrator."""

    _known: dict[PodName, Activation] = field(default_factory=dict)

    def of(self, server: PodName) -> Activation:
        return self._known.setdefault(server, Activation(server=server))

    def forget(self, server: PodName) -> None:
        self._known.pop(server, None)
