"""Wires the entrance and runs it. The only module that knows all others."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from fedpact.chassis.http import make_app, serving
from fedpact.chassis.proxies import proxy_at
from fedpact.chassis.telemetry import log_as_json
from fedpact.entrance.adapters.route_folder import RouteFolder
from fedpact.entrance.app.gauges import Gauges
from fedpact.entrance.app.passages import Limits, Passages
from fedpact.entrance.app.ports import Address
from fedpact.entrance.entrypoints.listener import listening
from fedpact.entrance.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """Everything the process runs, wired and not yet started."""

    settings: Settings
    passages: Passages
    app: web.Application

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Let connections in; yields the public port."""
        settings = self.settings
        async with (
            listening(self.passages, settings.public_host, settings.public_port) as port,
            serving(self.app, settings.host, settings.port),
        ):
            log.info("the entrance is open on port %d", port)
            yield port


def compose(settings: Settings) -> Entrance:
    """The entrance of `settings`."""
    gauges = Gauges()
    routes = RouteFolder(settings.routes) if settings.routes else None
    onward = Address(host=settings.onward[0], port=settings.onward[1]) if settings.onward else None
    limits = Limits(
        connections=settings.connections,
        per_peer=settings.per_peer,
        hello=settings.hello_seconds,
        connect=settings.connect_seconds,
        idle=settings.idle_seconds,
    )
    return Entrance(
        settings=settings,
        passages=Passages(
            limits=limits,
            gauges=gauges,
            routes=routes,
            onward=onward,
            proxy=proxy_at(settings.proxy, settings.proxy_login_file),
        ),
        app=make_app(checks={"routes": routes.problem} if routes else {}, registry=gauges.registry),
    )


def run() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = Settings()
    log_as_json("entrance", settings.log_level)
    asyncio.run(_main(settings))


async def _main(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with compose(settings).serving():
        await stopped.wait()
