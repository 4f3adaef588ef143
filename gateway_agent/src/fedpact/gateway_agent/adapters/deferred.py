"""
A launcher that is connected when it is first needed.

An agent has to start, and to tell that it is there, also while its engine or cluster does not answer; what it cannot do
meanwhile it says when it is asked to. A failed connection is tried again by whoever asks next.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fedpact.gateway_agent.app.ports import Checkpoint, Launcher, Observed, Ref
from fedpact.gateway_agent.domain.pods import Pod


class Connected(Launcher, Protocol):
    """A launcher with a connection to give back."""

    async def close(self) -> None: ...


@dataclass(slots=True)
class DeferredLauncher:
    """`connect` raises `LaunchError` while there is nothing to connect to."""

    connect: Callable[[], Awaitable[Connected]]
    _launcher: Connected | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def limits_enforced(self) -> tuple[str, ...]:
        """None before the first connection: nothing is claimed that nobody has seen."""
        return self._launcher.limits_enforced if self._launcher else ()

    async def launch(self, pod: Pod) -> AsyncIterator[Checkpoint]:
        async for checkpoint in (await self._connected()).launch(pod):
            yield checkpoint

    async def observe(self) -> Sequence[Observed]:
        return await (await self._connected()).observe()

    async def stop(self, ref: Ref) -> None:
        await (await self._connected()).stop(ref)

    async def close(self) -> None:
        """Give the connection back, if there is one."""
        launcher, self._launcher = self._launcher, None
        if launcher:
            await launcher.close()

    async def _connected(self) -> Connected:
        async with self._connecting:
            if self._launcher is None:
                self._launcher = await self.connect()
            return self._launcher
