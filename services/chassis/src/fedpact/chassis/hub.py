"""
The wiring every hub service shares: clock, traces, bus, its own database, commands with verified actors.

`compose` of a service builds one `Hub`, names its aggregates and copies, subscribes its handlers and hands over a
`Service`. Nothing connects before that is run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from aiohttp import web

from fedpact.chassis.actors import Actors, ReadToken
from fedpact.chassis.aggregates import Kind, Stored
from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import Clock, SystemClock
from fedpact.chassis.commands import Commands, Refusal, refusals
from fedpact.chassis.copies import Copies
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.http import make_app
from fedpact.chassis.mongo import MongoDocuments, connect, disconnect
from fedpact.chassis.service import Service, Work
from fedpact.chassis.settings import HubSettings
from fedpact.chassis.telemetry import tracing
from fedpact.chassis.ticks import OnTick
from fedpact.contracts.envelope import Accepted, Fact, Quarantined, Refused

S = TypeVar("S")
F = TypeVar("F", bound=Fact)


class Hub:
    """One hub service's surroundings. `name` is its durable, its NATS user and the first part of its sources."""

    def __init__(
        self,
        settings: HubSettings,
        name: str,
        *,
        clock: Clock | None = None,
        quarantined: type[Quarantined] | None = None,
    ) -> None:
        self.name, self.settings = name, settings
        self.clock = clock or SystemClock()
        self._tracer = tracing(name, settings.otlp_endpoint)
        self.bus = Bus(settings, name, self.clock, tracer=self._tracer, quarantined=quarantined)
        self._client = connect(settings.mongo_url_file.read_text().strip())
        self._prepared: list[tuple[MongoDocuments, Sequence[str]]] = []
        self._kept: list[Stored[Any]] = []
        self._refusals: Stored[Refusal] | None = None

    def kept(self, collection: str, kind: Kind[S]) -> Stored[S]:
        """Aggregates of one kind in a collection of this service's own database."""
        stored = Stored(self._documents(collection, list(kind.indexes)), kind)
        self._kept.append(stored)
        return stored

    def copies(
        self, collection: str, kind: type[F], indexes: Mapping[str, Callable[[F], Iterable[str]]] | None = None
    ) -> Copies[F]:
        """What another service owns, as this one last heard it."""
        return Copies(self._documents(collection, list(indexes or {})), kind, indexes)

    def commands(self, read: ReadToken, *, accepted: type[Accepted], refused: type[Refused]) -> Commands:
        """How this service takes commands. `read` says who a token vouches for."""
        self._refusals = refusals(self._documents("refusals", []), self.name, self.clock.now)
        verify = self.actors(read).verify
        commands = Commands(self._refusals, verify, changes=self._kept, accepted=accepted, refused=refused)
        self.bus.on_other_commands(commands.unknown)
        return commands

    def actors(self, read: ReadToken) -> Actors:
        """Who the tokens vouch for that come with commands or requests."""
        return Actors(partial(self.bus.ask, "identity", "keys", "{}"), read, self.clock)

    def app(self, status_of: Mapping[str, int] | None = None) -> web.Application:
        """An HTTP application whose readiness is that of bus and store."""
        checks = {"bus": self.bus.problem, "store": self.store_problem}
        return make_app(checks=checks, status_of=status_of, registry=self.bus.registry, tracer=self._tracer)

    def service(
        self,
        timers: Mapping[Stored[Any], OnTick] | None = None,
        *,
        app: web.Application | None = None,
        prepare: Sequence[Work] = (),
        tasks: Sequence[Work] = (),
    ) -> Service:
        """Everything wired, ready to run: what is kept is published. `timers`: who hears which aggregates are due."""
        return Service(
            name=self.name,
            settings=self.settings,
            bus=self.bus,
            app=app or self.app(),
            clock=self.clock,
            kinds=self._kinds(timers or {}),
            prepare=(self._prepare, *prepare),
            tasks=tasks,
            close=(partial(disconnect, self._client),),
            local=self.settings.socket,
        )

    def _kinds(self, timers: Mapping[Stored[Any], OnTick]) -> Mapping[Stored[Any], OnTick | None]:
        """An aggregate that nobody listed would never publish, nor ever hear that its time has come."""
        unheard = [stored.kind.source for stored in self._kept if stored.kind.timed and stored not in timers]
        if unheard:
            raise ValueError(f"nobody hears of the timers of {', '.join(unheard)}: name a handler for them")
        refusals = [self._refusals] if self._refusals else []
        return {stored: timers.get(stored) for stored in (*self._kept, *refusals)}

    async def store_problem(self) -> str | None:
        """What is wrong with the store, for people."""
        try:
            await self._prepared[0][0].load("")
        except UnavailableError as error:
            return str(error)
        return None

    def _documents(self, collection: str, indexes: Sequence[str]) -> MongoDocuments:
        documents = MongoDocuments(self._client[self.settings.database][collection])
        self._prepared.append((documents, indexes))
        return documents

    async def _prepare(self) -> None:
        for documents, indexes in self._prepared:
            await documents.prepare(indexes)
