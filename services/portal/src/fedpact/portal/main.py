"""The portal, wired. The only module that knows all others."""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis import service
from fedpact.chassis.clock import Clock
from fedpact.chassis.hub import Hub
from fedpact.chassis.service import Service
from fedpact.contracts.api import ConfigView
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.statuses import STATUS_OF
from fedpact.decision.actors import read_actor
from fedpact.portal.adapters.files import HttpFiles
from fedpact.portal.adapters.inside import Inside
from fedpact.portal.adapters.issuer import HttpIssuer
from fedpact.portal.adapters.store import drop
from fedpact.portal.adapters.vault import SecretVault
from fedpact.portal.app import kinds
from fedpact.portal.app.artifacts import Artifacts
from fedpact.portal.app.feed import Feed, Journal
from fedpact.portal.app.handlers import Handlers
from fedpact.portal.app.index import Index
from fedpact.portal.app.logins import Logins
from fedpact.portal.app.orders import Orders, Patience
from fedpact.portal.app.ports import Files, Issuer, Line, ReadModel, Vault, Verify
from fedpact.portal.app.queries import Queries
from fedpact.portal.app.signs import Signs
from fedpact.portal.entrypoints import events
from fedpact.portal.entrypoints.calls import Door
from fedpact.portal.entrypoints.forwarding import Forwarding
from fedpact.portal.entrypoints.http import Api
from fedpact.portal.entrypoints.openapi import VERSION
from fedpact.portal.entrypoints.pages.assets import Assets
from fedpact.portal.entrypoints.pages.cookies import Cookie
from fedpact.portal.entrypoints.pages.login import AWAY_SECONDS, Entrance
from fedpact.portal.entrypoints.pages.look import Look
from fedpact.portal.entrypoints.pages.page import Desk
from fedpact.portal.entrypoints.pages.site import Site
from fedpact.portal.entrypoints.pages.table import PAGES
from fedpact.portal.entrypoints.reads import Check, Reads
from fedpact.portal.entrypoints.streams import Pace, Streams
from fedpact.portal.entrypoints.writes import Writes
from fedpact.portal.settings import Settings

NAME = "portal"
TOLD_BY_STREAMS = (
    *("organizations", "users", "models", "datasets", "proposals", "gateways", "policies", "specs", "jobs"),
    *("artifacts", "journal", "heads", "settled"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything the portal reaches beyond its own process."""

    line: Line
    verify: Verify
    files: Files
    issuer: Issuer
    vault: Vault
    clock: Clock
    checks: Mapping[str, Check]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The parts that a process runs."""

    api: Api
    site: Site
    handlers: Handlers
    feed: Feed
    index: Index


def assemble(model: ReadModel, outside: Outside, settings: Settings) -> Portal:
    """The portal over any read model, bus and clock."""
    index, journal = Index(model), Journal(model.entries, model.heads)
    feed = Feed(journal, index.refresh)
    signs = Signs(outside.clock, timedelta(seconds=settings.silent_seconds))
    patience = Patience(outcome=settings.outcome_seconds, sequence=settings.sequence_seconds)
    orders = Orders(outside.line, model.sent, model.settled, outside.clock, patience)
    kept = Artifacts(model=model, index=index, line=outside.line)
    queries = Queries(
        model=model, index=index, journal=journal, orders=orders, line=outside.line, signs=signs, kept=kept
    )
    pace = Pace(heartbeat=settings.heartbeat_seconds, life=settings.stream_seconds)
    door = Door(verify=outside.verify, orders=orders, feed=feed, clock=outside.clock, channel=settings.channel)
    handlers = Handlers(
        model=model,
        journal=journal,
        feed=feed,
        waits=orders.waits,
        clock=outside.clock,
        channel=settings.channel,
        signs=signs,
    )
    api = Api(
        door=door,
        reads=Reads(queries=queries, checks=outside.checks),
        writes=Writes(orders=orders, queries=queries),
        streams=Streams(queries=queries, feed=feed, files=outside.files, pace=pace),
        queries=queries,
        config=ConfigView(issuer=settings.issuer_url, channel=settings.channel, version=VERSION),
    )
    site = _site(api, _entrance(model, outside, settings), settings.first_step)
    return Portal(api=api, site=site, handlers=handlers, feed=feed, index=index)


def _entrance(model: ReadModel, outside: Outside, settings: Settings) -> Entrance:
    secure = (settings.public_url or "").startswith("https://")
    life = timedelta(seconds=settings.login_seconds)
    return Entrance(
        logins=Logins(model.logins, outside.issuer, outside.vault, outside.clock, life),
        issuer=outside.issuer,
        vault=outside.vault,
        session=Cookie(purpose="session", secure=secure, seconds=settings.login_seconds),
        away=Cookie(purpose="away", secure=secure, seconds=AWAY_SECONDS),
        public_url=settings.public_url,
    )


def _site(api: Api, entrance: Entrance, first_step: str) -> Site:
    """The pages, over what the API stands on."""
    assets = Assets()
    desk = Desk(
        queries=api.queries,
        reads=api.reads,
        writes=api.writes,
        streams=api.streams,
        feed=api.door.feed,
        clock=api.door.clock,
        look=Look(assets),
        config=api.config,
        first_step=first_step,
    )
    return Site(door=api.door, entrance=entrance, desk=desk, assets=assets, pages=PAGES)


def read_model(hub: Hub) -> ReadModel:
    """The portal's own database."""
    return ReadModel(
        organizations=hub.copies("organizations", OrganizationRegistered),
        users=hub.copies("users", UserChanged),
        models=hub.copies("models", ModelChanged),
        datasets=hub.kept("datasets", kinds.DATASETS),
        proposals=hub.kept("proposals", kinds.PROPOSALS),
        gateways=hub.kept("gateways", kinds.GATEWAYS),
        policies=hub.kept("policies", kinds.POLICIES),
        specs=hub.kept("specs", kinds.SPECS),
        jobs=hub.kept("jobs", kinds.JOBS),
        artifacts=hub.kept("artifacts", kinds.ARTIFACTS),
        metrics=hub.kept("metrics", kinds.METRICS),
        entries=hub.kept("journal", kinds.ENTRIES),
        heads=hub.kept("heads", kinds.HEADS),
        sent=hub.kept("sent", kinds.SENT),
        settled=hub.kept("settled", kinds.SETTLED),
        logins=hub.kept("logins", kinds.LOGINS),
    )


def compose(settings: Settings) -> Service:
    hub = Hub(settings, NAME)
    model = read_model(hub)
    inside = Inside(settings.identity_url) if settings.identity_url else None
    outside = Outside(
        line=hub.bus,
        verify=hub.actors(read_actor).verify,
        files=HttpFiles(),
        issuer=HttpIssuer(settings.issuer_url, settings.client_id, inside),
        vault=SecretVault(),
        clock=hub.clock,
        checks={"bus": hub.bus.problem, "store": hub.store_problem},
    )
    portal = assemble(model, outside, settings)
    events.subscribe(hub.bus, portal.handlers)
    app = hub.app(STATUS_OF)
    portal.api.add_to(app)
    if inside:
        Forwarding(identity=inside).add_to(app)
    portal.site.add_to(app)
    return hub.service(
        app=app,
        prepare=[portal.feed.begin, portal.index.build],
        tasks=[portal.feed.follow],
    )


def run() -> None:
    parser = argparse.ArgumentParser(prog="fedpact-portal", description="The HTTP API and its read model.")
    told = "forget what the streams can tell again, and end: then have the portal's durables recreated, and start"
    parser.add_argument("--drop-read-model", action="store_true", help=told)
    asked = parser.parse_args()
    settings = Settings()
    if asked.drop_read_model:
        asyncio.run(drop(settings.mongo_url_file.read_text().strip(), settings.database, TOLD_BY_STREAMS))
    else:
        service.run(lambda: compose(settings), settings, NAME)
