"""The jobs service over memory and a real folder: commands and facts in, published facts out."""

import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from jobs_values import ALICE, GRACE, NOON, SPEC, observed, opened, order, placed, submit

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.copies import Copies
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Actor, DomainError, Envelope, Fact
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import CommandAccepted, JobChanged, Manifest, StoredFile
from fedpact.contracts.queries import AskUpload
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import ActivationPlaced, ActivationStopping, SpecCreated
from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.app.artifacts import Registering, Sharing
from fedpact.jobs.app.cleaning import Cleaning
from fedpact.jobs.app.handlers import Handlers
from fedpact.jobs.app.kinds import ARTIFACTS, JOBS, STANDINGS, TERMS, TICKETS, UPLOADS
from fedpact.jobs.app.pacts import Pacts
from fedpact.jobs.app.results import Results
from fedpact.jobs.domain.results import Limits

ALL: dict[str, Actor] = {}
"""Who a token is, which is its bearer's name."""


class NobodyError(DomainError):
    slug = "token_forged"


async def verify(token: str, _: datetime) -> Actor:
    if token not in ALL:
        raise NobodyError("the token vouches for nobody: log in again")
    return ALL[token]


def people(*actors: Actor) -> None:
    """Their tokens are their names."""
    ALL.update({actor.user: actor for actor in actors})


class World:
    def __init__(self, folder: Folder, *, retention: timedelta | None = timedelta(days=30)) -> None:
        self.documents, self.tickets, self.artifact_documents = MemoryDocuments(), MemoryDocuments(), MemoryDocuments()
        self.jobs, self.artifacts = Stored(self.documents, JOBS), Stored(self.artifact_documents, ARTIFACTS)
        self.uploads, self.terms = Stored(MemoryDocuments(), UPLOADS), Stored(MemoryDocuments(), TERMS)
        self.clock, self.folder, self.sequence = FakeClock(NOON), folder, 0
        specs = Copies(MemoryDocuments(), SpecCreated)
        self.pacts = Pacts(
            specs=specs,
            standings=Stored(MemoryDocuments(), STANDINGS),
            terms=self.terms,
            models=Copies(MemoryDocuments(), ModelChanged),
        )
        self.handlers = Handlers(
            jobs=self.jobs,
            pacts=self.pacts,
            placements=Copies(MemoryDocuments(), ActivationPlaced),
            stoppings=Copies(MemoryDocuments(), ActivationStopping),
            grace=GRACE,
            waits=(0, 0),
        )
        self.registering = Registering(
            jobs=self.jobs, artifacts=self.artifacts, specs=specs, terms=self.terms, retention=retention
        )
        self.results = self._results()
        self.cleaning = self._cleaning()
        self.sharing = Sharing(
            artifacts=self.artifacts,
            terms=self.terms,
            users=Copies(MemoryDocuments(), UserChanged),
            organizations=Copies(MemoryDocuments(), OrganizationRegistered),
            cleaning=self.cleaning,
            waits=(0,),
        )

    def _results(self) -> Results:
        return Results(
            jobs=self.jobs,
            artifacts=self.artifacts,
            registrar=self.registering,
            terms=self.terms,
            tickets=Stored(self.tickets, TICKETS),
            uploads=self.uploads,
            objects=self.folder,
            limits=Limits(file_bytes=1000, job_bytes=1000),
            url="http://hub",
            clock=self.clock,
            verify=verify,
            new_token=(f"token-{number}" for number in count()).__next__,
        )

    def _cleaning(self) -> Cleaning:
        return Cleaning(
            jobs=self.jobs,
            artifacts=self.artifacts,
            uploads=self.uploads,
            objects=self.folder,
            clock=self.clock,
            untouched=timedelta(hours=2),
            pause=timedelta(hours=1),
        )

    async def submit(self, message: str = "m1", **parts: Any) -> None:
        command = submit(**parts)
        await self.handlers.submit(order(command, ALICE), self.accepting(command, message))

    def accepting(self, command: Any, message: str) -> Cause:
        envelope = Envelope(id=message, source="tests", type=command.type, subject=command.key, time=NOON)
        accepted = CommandAccepted(command=command.type, about=command.key, command_id=message)
        return Cause(now=self.clock.now(), envelope=envelope, accepted=accepted)

    def cause(self, fact: Fact) -> Cause:
        self.sequence += 1
        envelope = Envelope(source=fact.stream, type=fact.type, subject=fact.key, time=NOON, sequence=self.sequence)
        return Cause(now=self.clock.now(), envelope=envelope)

    async def running(self, job: str = "j1") -> None:
        await self.pacts.created(SPEC, self.cause(SPEC))
        await self.submit(f"submit-{job}", job=job)
        await self.handlers.placed(placed(), self.cause(placed()))
        await self.handlers.opened(opened(job), self.cause(opened(job)))

    async def complete(self, job: str = "j1") -> None:
        told = observed("completed", job=job)
        await self.handlers.observed(told, self.cause(told))

    async def statuses(self) -> list[str]:
        found = await self.documents.load("j1")
        bodies = [entry["body"] for entry in found.outbox if entry["headers"]["ce-type"] == JobChanged.type]
        return [JobChanged.model_validate_json(body).status for body in bodies]

    async def store(
        self, content: bytes, *, job: str = "j1", complete: bool = True, results: Results | None = None
    ) -> str:
        results = results or self.results
        ticket = await results.upload(AskUpload(job_id=job, spec_id="s1", gateway="hub"))
        received = await results.receive(job, "a", arriving(content), 1000)
        if complete:
            file = StoredFile(name="a", digest=received.digest, size=received.size)
            await results.complete(ticket.token, job, Manifest(files=(file,)))
        return received.digest

    def age(self, digest: str) -> None:
        """As if the content had come long before the clock's time."""
        path = self.folder.find(digest)
        if path is not None:
            os.utime(path, (0, 0))


async def arriving(content: bytes) -> AsyncIterator[bytes]:
    yield content
