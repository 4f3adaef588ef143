"""The jobs service, composed. The only module that knows all others."""

import secrets
from datetime import timedelta

from fedpact.chassis import service
from fedpact.chassis.hub import Hub
from fedpact.chassis.service import Service
from fedpact.contracts.jobs import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.contracts.specs import ActivationPlaced, SpecCreated
from fedpact.decision.actors import read_actor
from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.app.cleaning import Cleaning
from fedpact.jobs.app.handlers import Handlers
from fedpact.jobs.app.kinds import JOBS, TICKETS, UPLOADS
from fedpact.jobs.app.results import Results
from fedpact.jobs.domain.results import Limits
from fedpact.jobs.entrypoints import commands, events, queries
from fedpact.jobs.entrypoints.http import STATUS_OF, Doors
from fedpact.jobs.settings import Settings

NAME = "jobs"


def compose(settings: Settings) -> Service:
    """Everything wired, nothing connected."""
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    jobs, tickets, uploads = hub.kept("jobs", JOBS), hub.kept("tickets", TICKETS), hub.kept("uploads", UPLOADS)
    folder, limits = Folder(settings.artifacts), _limits(settings)
    handlers = Handlers(
        jobs=jobs,
        specs=hub.copies("specs", SpecCreated),
        placements=hub.copies("placements", ActivationPlaced),
        grace=timedelta(seconds=settings.grace_seconds),
    )
    results = Results(
        jobs=jobs,
        tickets=tickets,
        uploads=uploads,
        objects=folder,
        limits=limits,
        url=settings.upload_url.rstrip("/"),
        clock=hub.clock,
        new_token=lambda: secrets.token_urlsafe(32),
    )
    cleaning = Cleaning(
        jobs=jobs,
        uploads=uploads,
        objects=folder,
        clock=hub.clock,
        retention=_retention(settings),
        untouched=limits.upload_lifetime * 2,
        pause=timedelta(seconds=settings.cleaning_seconds),
    )
    events.subscribe(hub.bus, handlers)
    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, handlers)
    queries.subscribe(hub.bus, results)
    app = hub.app(STATUS_OF)
    Doors(results).add_to(app)
    return hub.service(
        {jobs: handlers.tick, tickets: None, uploads: None}, app=app, prepare=(folder.prepare,), tasks=(cleaning.run,)
    )


def run() -> None:
    """The process."""
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)


def _limits(settings: Settings) -> Limits:
    return Limits(file_bytes=settings.max_file_bytes, job_bytes=settings.max_job_bytes)


def _retention(settings: Settings) -> timedelta | None:
    return None if settings.retention_days is None else timedelta(days=settings.retention_days)
