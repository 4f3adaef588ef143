"""The jobs service, composed. The only module that knows all others."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis import service
from fedpact.chassis.aggregates import Stored
from fedpact.chassis.copies import Copies
from fedpact.chassis.hub import Hub
from fedpact.chassis.service import Service
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import ActivationPlaced, ActivationStopping, SpecCreated
from fedpact.contracts.statuses import STATUS_OF
from fedpact.decision.actors import read_actor
from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.app.artifacts import Registering, Sharing
from fedpact.jobs.app.cleaning import Cleaning
from fedpact.jobs.app.handlers import Handlers
from fedpact.jobs.app.kinds import ARTIFACTS, JOBS, STANDINGS, TERMS, TICKETS, UPLOADS
from fedpact.jobs.app.pacts import Pacts
from fedpact.jobs.app.results import Results
from fedpact.jobs.domain.artifacts import Artifact
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Limits, Ticket, Upload
from fedpact.jobs.domain.terms import Terms
from fedpact.jobs.entrypoints import commands, events, queries
from fedpact.jobs.entrypoints.http import Doors
from fedpact.jobs.settings import Settings

NAME = "jobs"
UNTOUCHED = timedelta(minutes=10)
"""Between a file's arrival and its record lie milliseconds; what comes so late is asked for again."""


def compose(settings: Settings) -> Service:
    """Everything wired, nothing connected."""
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    kept, folder = _kept(hub), Folder(settings.artifacts)
    handlers, registering = _handlers(hub, kept, settings), _registering(kept, settings)
    results = _results(hub, kept, folder, registering, settings)
    cleaning = _cleaning(hub, kept, folder, settings)
    sharing = Sharing(
        artifacts=kept.artifacts,
        terms=kept.terms,
        users=hub.copies("users", UserChanged),
        organizations=hub.copies("organizations", OrganizationRegistered),
        cleaning=cleaning,
    )
    events.subscribe(hub.bus, handlers)
    events.subscribe_artifacts(hub.bus, registering, sharing)
    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, handlers)
    commands.subscribe_artifacts(hub.bus, orders, sharing)
    queries.subscribe(hub.bus, results)
    app = hub.app(STATUS_OF)
    Doors(results).add_to(app)
    return hub.service(
        {kept.jobs: handlers.tick, kept.artifacts: sharing.tick},
        app=app,
        prepare=(folder.prepare,),
        tasks=(cleaning.run,),
    )


def run() -> None:
    """The process."""
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The service's own database."""

    jobs: Stored[Job]
    artifacts: Stored[Artifact]
    tickets: Stored[Ticket]
    uploads: Stored[Upload]
    terms: Stored[Terms]
    specs: Copies[SpecCreated]


def _kept(hub: Hub) -> _Kept:
    return _Kept(
        jobs=hub.kept("jobs", JOBS),
        artifacts=hub.kept("artifacts", ARTIFACTS),
        tickets=hub.kept("tickets", TICKETS),
        uploads=hub.kept("uploads", UPLOADS),
        terms=hub.kept("terms", TERMS),
        specs=hub.copies("specs", SpecCreated),
    )


def _handlers(hub: Hub, kept: _Kept, settings: Settings) -> Handlers:
    return Handlers(
        jobs=kept.jobs,
        pacts=Pacts(
            specs=kept.specs,
            standings=hub.kept("standings", STANDINGS),
            terms=kept.terms,
            models=hub.copies("models", ModelChanged),
        ),
        placements=hub.copies("placements", ActivationPlaced),
        stoppings=hub.copies("stoppings", ActivationStopping),
        grace=timedelta(seconds=settings.grace_seconds),
    )


def _registering(kept: _Kept, settings: Settings) -> Registering:
    days = settings.retention_days
    return Registering(
        jobs=kept.jobs,
        artifacts=kept.artifacts,
        specs=kept.specs,
        terms=kept.terms,
        retention=None if days is None else timedelta(days=days),
    )


def _results(hub: Hub, kept: _Kept, folder: Folder, registering: Registering, settings: Settings) -> Results:
    return Results(
        jobs=kept.jobs,
        artifacts=kept.artifacts,
        registrar=registering,
        terms=kept.terms,
        tickets=kept.tickets,
        uploads=kept.uploads,
        objects=folder,
        limits=Limits(file_bytes=settings.max_file_bytes, job_bytes=settings.max_job_bytes),
        url=settings.upload_url.rstrip("/"),
        clock=hub.clock,
        verify=hub.actors(read_actor).verify,
        new_token=lambda: secrets.token_urlsafe(32),
    )


def _cleaning(hub: Hub, kept: _Kept, folder: Folder, settings: Settings) -> Cleaning:
    return Cleaning(
        jobs=kept.jobs,
        artifacts=kept.artifacts,
        uploads=kept.uploads,
        objects=folder,
        clock=hub.clock,
        untouched=UNTOUCHED,
        pause=timedelta(seconds=settings.cleaning_seconds),
    )
