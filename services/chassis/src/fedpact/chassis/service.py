"""
The life of a service process: start, serve, stop; nothing is fire-and-forget.

One task group owns everything that runs. If any of it ends with an error the process ends, and whoever started it
starts it anew: a service that stands half is worse than one that restarts.
"""

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.http import serving
from fedpact.chassis.relay import Relay
from fedpact.chassis.settings import ServiceSettings
from fedpact.chassis.tasks import together, unless
from fedpact.chassis.telemetry import log_as_json
from fedpact.chassis.ticks import OnTick, Ticks

log = logging.getLogger(__name__)
Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Service:
    """What `compose` builds: everything a process runs, wired and not yet started."""

    name: str
    settings: ServiceSettings
    bus: Bus
    app: web.Application
    clock: Clock
    kinds: Mapping[Stored[Any], OnTick | None] = field(default_factory=dict)
    """Aggregates with an outbox, and who hears of their timers."""
    prepare: Sequence[Work] = ()
    """Done before anything is consumed, and tried again while the store is away."""
    tasks: Sequence[Work] = ()
    """Run beside the rest, for ever."""
    close: Sequence[Work] = ()
    local: Path | None = None
    """A Unix socket where the application is served, too."""

    async def run(self, stopped: asyncio.Event) -> None:
        """Until `stopped` is set or a part fails."""
        for work in self.prepare:
            if not await unless(stopped, partial(_until_available, work)):
                return
        async with serving(self.app, self.settings.host, self.settings.port, self.local) as port:
            try:
                if await unless(stopped, self.bus.start):
                    _keep_what_is_loaded()
                    log.info("%s listens on port %d", self.name, port)
                    await self._serve(stopped)
            finally:
                await self.bus.stop()
                for work in self.close:
                    await work()

    async def _serve(self, stopped: asyncio.Event) -> None:
        await together((*self._own(), *self.tasks), stopped)

    def _own(self) -> list[Work]:
        published = [stored for stored in self.kinds if not stored.kind.silent]
        relay = Relay(published, self.bus.publish, sweep=self.settings.sweep_seconds)
        return [relay.run, self._tick, self.bus.watchdog]

    async def _tick(self) -> None:
        await self.bus.caught_up()
        pause, sweep = self.settings.tick_seconds, self.settings.sweep_seconds
        await Ticks(self.kinds, self.clock, pause=pause, sweep=sweep).run()


def run(compose: Callable[[], Service], settings: ServiceSettings, name: str) -> None:
    """Run a composed service until SIGTERM or SIGINT."""
    log_as_json(name, settings.log_level)
    asyncio.run(_main(compose))


async def _main(compose: Callable[[], Service]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await compose().run(stopped)


def _keep_what_is_loaded() -> None:
    """Modules and wiring live as long as the process: a collection that looked at them all would hold up a message."""
    gc.collect()
    gc.freeze()


async def _until_available(work: Work) -> None:
    while True:
        try:
            return await work()
        except UnavailableError as error:
            log.warning("waiting: %s", error)
            await asyncio.sleep(0.5)
