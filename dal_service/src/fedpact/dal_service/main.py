"""Wires the DAL and runs it. The only module that knows all others."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from fedpact.chassis.clock import Clock, SystemClock
from fedpact.chassis.http import serving
from fedpact.chassis.local import serving_locally
from fedpact.chassis.sqlite import SqliteFile
from fedpact.chassis.telemetry import log_as_json
from fedpact.dal_service.adapters.buckets import Buckets
from fedpact.dal_service.adapters.files import Files
from fedpact.dal_service.adapters.openat2 import best
from fedpact.dal_service.adapters.roots import Roots
from fedpact.dal_service.adapters.s3 import Connections, Server
from fedpact.dal_service.adapters.sources import Sources
from fedpact.dal_service.adapters.store import StoredShelf
from fedpact.dal_service.adapters.tokens import CachedTokens, KeyFile
from fedpact.dal_service.app.handlers import Handlers
from fedpact.dal_service.app.queries import Queries
from fedpact.dal_service.app.streams import Streams
from fedpact.dal_service.domain.model import Activation, Dataset
from fedpact.dal_service.entrypoints.admin import make_admin_app
from fedpact.dal_service.entrypoints.http import make_data_app
from fedpact.dal_service.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Dal:
    """Everything the process runs, wired and not yet started."""

    settings: Settings
    data: web.Application
    admin: web.Application
    streams: Streams
    shelves: tuple[StoredShelf[Activation], StoredShelf[Dataset]]
    store: SqliteFile
    roots: Roots
    connections: Connections

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """Serve; yields the port of the data's side. The agent is heard first, the models only then."""
        settings = self.settings
        try:
            for shelf in self.shelves:
                await shelf.load()
            async with (
                asyncio.TaskGroup() as group,
                serving_locally(self.admin, settings.admin_socket),
                serving(self.data, settings.host, settings.port) as port,
            ):
                watch = group.create_task(self.streams.watch(settings.review_seconds))
                log.info("dal listens on port %d", port)
                try:
                    yield port
                finally:
                    watch.cancel()
        finally:
            await self.connections.close()
            self.store.close()
            self.roots.close()


def compose(settings: Settings, clock: Clock | None = None) -> Dal:
    """The DAL of `settings`."""
    clock = clock or SystemClock()
    store = SqliteFile(settings.state_folder / "dal.sqlite", clock.now())
    activations = StoredShelf(store.collection("activations"), Activation, clock)
    datasets = StoredShelf(store.collection("datasets"), Dataset, clock)
    roots = Roots(settings.sources_files_folder, best())
    connections = Connections(stall=settings.stall_seconds)
    source = _sources(settings, roots, connections, clock)
    keys = KeyFile(settings.agent_keys)
    tokens = CachedTokens(keys, settings.gateway, size=settings.known_tokens)
    queries = Queries(tokens=tokens, activations=activations, datasets=datasets, source=source, clock=clock)
    streams = Streams(queries.still, per_token=settings.requests_per_token)
    handlers = Handlers(activations=activations, datasets=datasets, source=source, streams=streams)

    async def key_fault() -> str | None:
        return keys.fault()

    checks = {"storage": source.fault, "agent-key": key_fault}
    return Dal(
        settings=settings,
        data=make_data_app(queries, streams, checks, stall=settings.stall_seconds),
        admin=make_admin_app(handlers),
        streams=streams,
        shelves=(activations, datasets),
        store=store,
        roots=roots,
        connections=connections,
    )


def _sources(settings: Settings, roots: Roots, connections: Connections, clock: Clock) -> Sources:
    limit = settings.listing_limit
    files = Files(roots, listing_limit=limit)
    servers = [Server(allowed.place, connections, clock) for allowed in settings.sources_s3]
    buckets = Buckets(servers, listing_limit=limit, readers=settings.bucket_readers)
    configured = ((files, settings.sources_files_folder), (buckets, settings.sources_s3))
    used = tuple(source for source, places in configured if places)
    return Sources(files=files, buckets=buckets, used=used or (files,))


def run() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = Settings()
    log_as_json("dal", settings.log_level)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # it logs crooked request lines, paths and all
    asyncio.run(_main(settings))


async def _main(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with compose(settings).serving():
        await stopped.wait()
