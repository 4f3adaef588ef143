"""The service over memory: commands and facts in, published facts out; and what the cleaning removes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from jobs_values import ALICE, GRACE, NOON, SPEC, ended, observed, opened, order, placed, submit

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.copies import Copies
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Envelope, Fact
from fedpact.contracts.jobs import CommandAccepted, JobChanged, Manifest, StoredFile
from fedpact.contracts.queries import AskDownload, AskUpload, Denied, UploadTicket
from fedpact.contracts.specs import ActivationPlaced, SpecCreated
from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.app.cleaning import Cleaning
from fedpact.jobs.app.handlers import Handlers
from fedpact.jobs.app.kinds import JOBS, TICKETS, UPLOADS
from fedpact.jobs.app.results import Results, hashed
from fedpact.jobs.domain.errors import BadTokenError, UnknownSpecError
from fedpact.jobs.domain.results import Limits
from fedpact.jobs.entrypoints.queries import replying

FAR = FakeClock(NOON + timedelta(days=36500))
"""Later than any time the machine wrote on a file."""


class World:
    def __init__(self, folder: Folder) -> None:
        self.documents, self.tickets = MemoryDocuments(), MemoryDocuments()
        self.jobs = Stored(self.documents, JOBS)
        uploads = Stored(MemoryDocuments(), UPLOADS)
        self.clock, self.folder, self.sequence = FakeClock(NOON), folder, 0
        self.handlers = Handlers(
            jobs=self.jobs,
            specs=Copies(MemoryDocuments(), SpecCreated),
            placements=Copies(MemoryDocuments(), ActivationPlaced),
            grace=GRACE,
            waits=(0, 0),
        )
        self.results = Results(
            jobs=self.jobs,
            tickets=Stored(self.tickets, TICKETS),
            uploads=uploads,
            objects=folder,
            limits=Limits(file_bytes=1000, job_bytes=1000),
            url="http://hub",
            clock=self.clock,
            new_token=(f"token-{number}" for number in count()).__next__,
        )
        self.cleaning = Cleaning(
            jobs=self.jobs,
            uploads=uploads,
            objects=folder,
            clock=self.clock,
            retention=timedelta(days=30),
            untouched=timedelta(hours=2),
            pause=timedelta(hours=1),
        )

    async def submit(self, message: str = "m1", **parts: Any) -> None:
        command = submit(**parts)
        envelope = Envelope(id=message, source="tests", type=command.type, subject=command.key, time=NOON)
        accepted = CommandAccepted(command=command.type, about=command.key, command_id=message)
        await self.handlers.submit(order(command, ALICE), Cause(now=NOON, envelope=envelope, accepted=accepted))

    def cause(self, fact: Fact) -> Cause:
        self.sequence += 1
        envelope = Envelope(source=fact.stream, type=fact.type, subject=fact.key, time=NOON, sequence=self.sequence)
        return Cause(now=self.clock.now(), envelope=envelope)

    async def running(self) -> None:
        await self.handlers.created(SPEC, self.cause(SPEC))
        await self.submit()
        await self.handlers.placed(placed(), self.cause(placed()))
        await self.handlers.opened(opened(), self.cause(opened()))

    async def statuses(self) -> list[str]:
        found = await self.documents.load("j1")
        bodies = [entry["body"] for entry in found.outbox if entry["headers"]["ce-type"] == JobChanged.type]
        return [JobChanged.model_validate_json(body).status for body in bodies]

    async def store(self, content: bytes, *, complete: bool = True) -> str:
        ticket = await self.results.upload(AskUpload(job_id="j1", spec_id="s1", gateway="hub"))
        received = await self.results.receive("j1", "a", arriving(content), 1000)
        if complete:
            file = StoredFile(name="a", digest=received.digest, size=received.size)
            await self.results.complete(ticket.token, "j1", Manifest(files=(file,)))
        return received.digest


async def arriving(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
async def world(tmp_path: Path) -> World:
    folder = Folder(tmp_path)
    await folder.prepare()
    return World(folder)


async def test_a_job_runs_from_command_to_end(world: World) -> None:
    await world.running()
    for phase in ("submitted", "running", "completed"):
        await world.handlers.observed(observed(phase), world.cause(observed(phase)))
    assert await world.statuses() == ["created", "provisioning", "submitted", "running", "completed"]


async def test_the_same_command_twice_is_accepted_twice_and_submits_once(world: World) -> None:
    await world.handlers.created(SPEC, world.cause(SPEC))
    await world.submit("m1")
    await world.submit("m2")
    outbox = (await world.documents.load("j1")).outbox
    assert [entry["headers"]["ce-type"] for entry in outbox] == [
        "jobs.job.submitted",
        "jobs.job.changed",
        "jobs.command.accepted",
        "jobs.command.accepted",
    ]


async def test_a_job_whose_spec_never_comes_is_refused(world: World) -> None:
    with pytest.raises(UnknownSpecError):
        await world.submit()


async def test_a_spec_that_is_still_on_its_way_is_waited_for(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(world.submit())
        group.create_task(world.handlers.created(SPEC, world.cause(SPEC)))
    assert (await world.jobs.get("j1")).status == "created"


async def test_the_end_of_an_activation_reaches_its_open_jobs(world: World) -> None:
    await world.running()
    await world.handlers.ended(ended(), world.cause(ended()))
    assert await world.documents.due(NOON + GRACE, 10) == ["j1"]
    await world.handlers.tick("j1", Cause(now=NOON + GRACE))
    assert (await world.jobs.get("j1")).status == "cancelled"
    assert await world.documents.due(NOON + 2 * GRACE, 10) == []


async def test_a_placement_of_another_generation_names_no_orchestrator(world: World) -> None:
    await world.handlers.created(SPEC, world.cause(SPEC))
    await world.submit()
    await world.handlers.placed(placed(generation=7), world.cause(placed()))
    await world.handlers.opened(opened(generation=1), world.cause(opened()))
    assert (await world.jobs.get("j1")).orchestrator == ""


async def test_a_token_is_kept_only_as_its_hash(world: World) -> None:
    await world.running()
    ticket = await world.results.upload(AskUpload(job_id="j1", spec_id="s1", gateway="hub"))
    assert ticket.url == "http://hub/uploads/j1"
    assert [document.key for document in await world.tickets.every()] == [hashed(ticket.token)]
    assert ticket.token not in str(await world.tickets.every())
    assert not [document for document in await world.tickets.every() if document.outbox]


async def test_tickets_are_forgotten_when_they_expired(world: World) -> None:
    await world.running()
    ticket = await world.results.upload(AskUpload(job_id="j1", spec_id="s1", gateway="hub"))
    await world.tickets.purge(ticket.expires)
    assert await world.tickets.every() == []


async def test_a_download_is_a_capability_for_one_file(world: World) -> None:
    await world.running()
    digest = await world.store(b"model")
    ticket = await world.results.download(AskDownload(job_id="j1", digest=digest))
    assert (await world.results.read(ticket.token, digest)).read_bytes() == b"model"
    world.clock.pass_(300)
    with pytest.raises(BadTokenError):
        await world.results.read(ticket.token, digest)


async def test_questions_are_answered_in_json_and_refusals_too(world: World) -> None:
    await world.running()
    ask = replying(AskUpload, world.results.upload)
    mine = await ask(AskUpload(job_id="j1", spec_id="s1", gateway="hub").model_dump_json().encode())
    assert UploadTicket.model_validate_json(mine).url == "http://hub/uploads/j1"
    other = await ask(AskUpload(job_id="j1", spec_id="s1", gateway="gw-1").model_dump_json().encode())
    assert Denied.model_validate_json(other).slug == "not_allowed"
    assert Denied.model_validate_json(await ask(b"{}")).slug == "malformed"


async def test_results_past_their_retention_are_removed(world: World) -> None:
    await world.running()
    digest = await world.store(b"model")
    await world.handlers.observed(observed("completed"), world.cause(observed("completed")))
    assert await world.cleaning.once() == 0
    assert await _cleaned(world, FAR) == 1
    assert world.folder.find(digest) is None


async def test_results_of_a_job_that_is_not_over_stay(world: World) -> None:
    await world.running()
    digest = await world.store(b"model")
    assert await _cleaned(world, FAR) == 0
    assert world.folder.find(digest) is not None


async def test_an_upload_nobody_completed_is_removed_in_the_end(world: World) -> None:
    await world.running()
    digest = await world.store(b"half", complete=False)
    assert await _cleaned(world, FAR) == 1
    assert world.folder.find(digest) is None


async def _cleaned(world: World, clock: FakeClock) -> int:
    return await replace(world.cleaning, clock=clock).once()
