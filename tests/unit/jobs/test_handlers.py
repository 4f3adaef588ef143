"""The service over memory: commands and facts in, published facts out; and what the cleaning removes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jobs_values import ALICE, GRACE, NOON, SPEC, ended, observed, opened, order, placed, stopping
from jobs_world import NobodyError, World, people

from fedpact.chassis.aggregates import Cause
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.questions import replying
from fedpact.contracts.artifacts import DeleteArtifact, GrantArtifact, Grantee, RevokeArtifact, artifact_id
from fedpact.contracts.envelope import Actor, Denied
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import Manifest, StoredFile
from fedpact.contracts.policies import SpecDecided
from fedpact.contracts.queries import AskDownload, AskUpload, UploadTicket
from fedpact.contracts.specs import SpecChanged, Stage, Verdict
from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.app.results import hashed
from fedpact.jobs.domain.errors import (
    BadTokenError,
    DeletedError,
    IncompleteError,
    NotApprovedError,
    UnknownArtifactError,
    UnknownGranteeError,
    UnknownSpecError,
)

FAR = FakeClock(NOON + timedelta(days=36500))
"""Later than any time the machine wrote on a file."""
people(ALICE, Actor(user="bob", organization="clinic", roles=("data_scientist",)))
MODEL = artifact_id("j1", "a")


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
    await world.pacts.created(SPEC, world.cause(SPEC))
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
        group.create_task(world.pacts.created(SPEC, world.cause(SPEC)))
    assert (await world.jobs.get("j1")).status == "created"


async def test_the_end_of_an_activation_reaches_its_open_jobs(world: World) -> None:
    await world.running()
    await world.handlers.ended(ended(), world.cause(ended()))
    assert await world.documents.due(NOON + GRACE, 10) == ["j1"]
    await world.handlers.tick("j1", Cause(now=NOON + GRACE))
    assert (await world.jobs.get("j1")).status == "cancelled"
    assert await world.documents.due(NOON + 2 * GRACE, 10) == []


async def test_a_placement_of_another_generation_names_no_orchestrator(world: World) -> None:
    await world.pacts.created(SPEC, world.cause(SPEC))
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
    ticket = await world.results.download(AskDownload(artifact_id=MODEL, token="alice"))
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


async def test_an_artifact_past_its_retention_is_deleted_with_its_content(world: World) -> None:
    await world.running()
    digest = await world.store(b"model")
    await world.sharing.tick(MODEL, Cause(now=NOON + timedelta(days=30) - timedelta(seconds=1)))
    assert await _cleaned(world, FAR) == 0
    assert await world.artifact_documents.due(NOON + timedelta(days=30), 10) == [MODEL]
    await world.sharing.tick(MODEL, Cause(now=NOON + timedelta(days=30)))
    assert await world.artifact_documents.due(NOON + timedelta(days=60), 10) == []
    assert await _cleaned(world, FAR) == 1
    assert world.folder.find(digest) is None


async def test_an_upload_nobody_completed_is_removed_in_the_end(world: World) -> None:
    await world.running()
    digest = await world.store(b"half", complete=False)
    assert await _cleaned(world, FAR) == 1
    assert world.folder.find(digest) is None


async def _cleaned(world: World, clock: FakeClock) -> int:
    return await replace(world.cleaning, clock=clock).once()


async def _bob(world: World) -> None:
    for fact in (
        UserChanged(user="bob", organization="clinic", name="Bob"),
        OrganizationRegistered(organization="clinic", name="Clinic"),
    ):
        hear = world.sharing.user if isinstance(fact, UserChanged) else world.sharing.organization
        await hear(fact, world.cause(fact))
    allowed = SpecDecided(spec_id="s1", allowed=True, reasons=())
    await world.pacts.decided(allowed, world.cause(allowed))


async def _granted(world: World, grantee: Grantee, message: str = "g1") -> None:
    command = GrantArtifact(artifact_id=MODEL, grantee=grantee)
    await world.sharing.grant(order(command, ALICE), world.accepting(command, message))


async def _may_download(world: World, token: str) -> bool:
    try:
        ticket = await world.results.download(AskDownload(artifact_id=MODEL, token=token))
    except UnknownArtifactError:
        return False
    return (await world.results.read(ticket.token, ticket.url.rpartition("/")[2])).read_bytes() == b"model"


@pytest.mark.parametrize("grantee", [Grantee(user="bob"), Grantee(organization="clinic")])
async def test_a_grant_lets_somebody_download_until_it_is_revoked(world: World, grantee: Grantee) -> None:
    await world.running()
    digest = await world.store(b"model")
    await _bob(world)
    assert not await _may_download(world, "bob")
    await _granted(world, grantee)
    ticket = await world.results.download(AskDownload(artifact_id=MODEL, token="bob"))
    assert (await world.results.read(ticket.token, digest)).read_bytes() == b"model"
    command = RevokeArtifact(artifact_id=MODEL, grantee=grantee)
    await world.sharing.revoke(order(command, ALICE), world.accepting(command, "r1"))
    assert not await _may_download(world, "bob")
    with pytest.raises(UnknownArtifactError):
        await world.results.read(ticket.token, digest)


@pytest.mark.parametrize("grantee", [Grantee(user="bbo"), Grantee(organization="clinik")])
async def test_nothing_is_granted_to_a_name_nobody_has(world: World, grantee: Grantee) -> None:
    await world.running()
    await world.store(b"model")
    await _bob(world)
    with pytest.raises(UnknownGranteeError, match="check the id"):
        await _granted(world, grantee)


async def test_what_is_deleted_is_read_by_nobody_and_its_content_goes(world: World) -> None:
    await world.running()
    digest = await world.store(b"model")
    ticket = await world.results.download(AskDownload(artifact_id=MODEL, token="alice"))
    world.clock.pass_(200)
    command = DeleteArtifact(artifact_id=MODEL)
    await world.sharing.delete(order(command, ALICE), world.accepting(command, "d1"))
    for reading in (
        world.results.read(ticket.token, digest),
        world.results.download(AskDownload(artifact_id=MODEL, token="alice")),
    ):
        with pytest.raises(DeletedError):
            await reading
    assert await _cleaned(world, FAR) == 1
    assert world.folder.find(digest) is None


async def test_content_that_another_artifact_has_too_stays(world: World) -> None:
    for job in ("j1", "j2"):
        await world.running(job)
        digest = await world.store(b"model", job=job)
    command = DeleteArtifact(artifact_id=MODEL)
    await world.sharing.delete(order(command, ALICE), world.accepting(command, "d1"))
    assert await _cleaned(world, FAR) == 0
    assert world.folder.find(digest) is not None


async def test_content_that_went_before_its_job_was_complete_is_asked_for_again(world: World) -> None:
    await world.running()
    ticket = await world.results.upload(AskUpload(job_id="j1", spec_id="s1", gateway="hub"))
    missing = StoredFile(name="a", digest="sha256:" + "0" * 64, size=1)
    with pytest.raises(IncompleteError, match="upload it again"):
        await world.results.complete(ticket.token, "j1", Manifest(files=(missing,)))


async def test_a_token_nobody_vouches_for_reads_nothing(world: World) -> None:
    await world.running()
    await world.store(b"model")
    with pytest.raises(NobodyError):
        await world.results.download(AskDownload(artifact_id=MODEL, token="mallory"))


async def test_why_an_activation_is_being_stopped_explains_its_jobs(world: World) -> None:
    await world.running()
    said = observed("cancelled", with_activation=True, reason="the activation ended before the job did")
    await world.handlers.stopping(stopping(), world.cause(stopping()))
    await world.handlers.observed(said, world.cause(said))
    assert (await world.jobs.get("j1")).reason == "the activation ended: culled"


async def test_what_is_heard_later_explains_them_too(world: World) -> None:
    await world.running()
    said = observed("cancelled", with_activation=True, reason="the activation ended before the job did")
    await world.handlers.observed(said, world.cause(said))
    await world.handlers.stopping(stopping(), world.cause(stopping()))
    assert (await world.jobs.get("j1")).reason == "the activation ended: culled"


async def test_an_approval_that_is_still_on_its_way_is_waited_for(world: World) -> None:
    def told(verdict: Verdict) -> SpecChanged:
        return SpecChanged(spec_id="s1", status="x.y", verdict=verdict, stage=Stage.IDLE, generation=0)

    await world.pacts.created(SPEC, world.cause(SPEC))
    await world.pacts.changed(told(Verdict.REJECTED), world.cause(told(Verdict.REJECTED)))
    with pytest.raises(NotApprovedError):
        await world.submit()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.submit())
        group.create_task(world.pacts.changed(told(Verdict.APPROVED), world.cause(told(Verdict.APPROVED))))
    assert (await world.jobs.get("j1")).status == "created"
