"""The whole service on a real bus and a real store: a job from its command to its results."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hub_service import Outside, handled, running, settings_of, token
from jobs_values import SPEC, cancel, ended, observed, opened, placed, refused, submit
from servers import free_port, until

from fedpact.contracts.artifacts import (
    ArtifactDeleted,
    ArtifactGranted,
    ArtifactRegistered,
    ArtifactRevoked,
    DeleteArtifact,
    GrantArtifact,
    Grantee,
    RevokeArtifact,
    artifact_id,
)
from fedpact.contracts.envelope import Denied, Fact
from fedpact.contracts.identity import UserChanged
from fedpact.contracts.jobs import (
    ArtifactsStored,
    CommandAccepted,
    CommandRefused,
    JobCancelled,
    JobChanged,
    JobSubmitted,
    StoredFile,
)
from fedpact.contracts.policies import SpecDecided
from fedpact.contracts.queries import AskDownload, AskUpload, DownloadTicket, UploadTicket
from fedpact.contracts.registry import ModelChanged, VersionRecord
from fedpact.contracts.specs import SpecChanged, Stage, Verdict
from fedpact.jobs.main import compose
from fedpact.jobs.settings import Settings

ALICE = token("alice", "uni", "data_scientist")
EVE = token("eve", "rival", "data_scientist")
RESULT = b"weights"
MODEL = artifact_id("j1", "model.bin")
AT_MOST_2 = {"type": "object", "properties": {"rounds": {"type": "integer", "maximum": 2}}}
VERSION = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64, payload_schema=AT_MOST_2)
FILE = StoredFile(name="model.bin", digest=f"sha256:{hashlib.sha256(RESULT).hexdigest()}", size=len(RESULT))


@pytest.fixture
async def outside(nats_url: str, mongo_port: int, tmp_path: Path) -> AsyncIterator[Outside]:
    port = free_port()
    settings = Settings(
        **settings_of(nats_url, mongo_port, tmp_path, "jobs"),
        port=port,
        upload_url=f"http://127.0.0.1:{port}/",
        artifacts=tmp_path / "artifacts",
        grace_seconds=0.2,
    )
    async with running(compose(settings), nats_url, "jobs") as found:
        await handled(found.client, "jobs", await found.tell(SPEC))
        yield found


async def submitted(outside: Outside, job: str = "j1") -> None:
    await outside.order(submit(job), ALICE)
    await outside.told(JobSubmitted, job_id=job)


async def stored(outside: Outside) -> None:
    ticket = UploadTicket.model_validate_json(await outside.ask(AskUpload(job_id="j1", spec_id="s1", gateway="hub")))
    async with ClientSession(headers={"Authorization": f"Bearer {ticket.token}"}) as client:
        async with client.put(f"{ticket.url}/{FILE.name}", data=RESULT) as answer:
            assert answer.status == 201
        async with client.post(f"{ticket.url}/complete", json={"files": [FILE.model_dump()]}) as answer:
            assert answer.status == 200


async def test_a_job_runs_and_leaves_its_results(outside: Outside) -> None:
    await submitted(outside)
    await outside.tell(placed())
    await outside.tell(opened())
    await outside.told(JobChanged, status="provisioning")
    await stored(outside)
    assert (await outside.told(ArtifactsStored)).files == (FILE,)
    await outside.tell(observed("completed"), route="hub")
    assert (await outside.told(JobChanged, status="completed")).files == (FILE,)
    assert await downloaded(outside, ALICE) == RESULT


async def downloaded(outside: Outside, bearer: str) -> bytes | str:
    """The content, or the slug of the refusal."""
    said = await outside.ask(AskDownload(artifact_id=MODEL, token=bearer))
    if b'"slug"' in said:
        return Denied.model_validate_json(said).slug
    ticket = DownloadTicket.model_validate_json(said)
    headers = {"Authorization": f"Bearer {ticket.token}"}
    async with ClientSession(headers=headers) as client, client.get(ticket.url) as answer:
        return await answer.read()


async def test_an_artifact_is_shared_taken_back_and_deleted(outside: Outside) -> None:
    await submitted(outside)
    for fact in (
        UserChanged(user="eve", organization="rival", name="Eve"),
        SpecDecided(spec_id="s1", allowed=True, reasons=()),
        placed(),
        opened(),
    ):
        await outside.tell(fact)
    await outside.told(JobChanged, status="provisioning")
    await stored(outside)
    assert (await outside.told(ArtifactRegistered)).file == FILE
    assert await downloaded(outside, EVE) == "unknown_artifact"
    await outside.order(GrantArtifact(artifact_id=MODEL, grantee=Grantee(user="nobody")), ALICE)
    await outside.told(CommandRefused, slug="unknown_grantee")
    eve = Grantee(user="eve")
    await outside.order(GrantArtifact(artifact_id=MODEL, grantee=eve), ALICE)
    await outside.told(ArtifactGranted, grantee=eve)
    assert await downloaded(outside, EVE) == RESULT
    await outside.order(RevokeArtifact(artifact_id=MODEL, grantee=eve), ALICE)
    await outside.told(ArtifactRevoked)
    assert await downloaded(outside, EVE) == "unknown_artifact"
    await outside.order(DeleteArtifact(artifact_id=MODEL), ALICE)
    assert (await outside.told(ArtifactDeleted)).by == "alice"
    assert await downloaded(outside, ALICE) == "artifact_deleted"


@pytest.mark.parametrize(
    ("told", "slug"),
    [
        (
            SpecChanged(spec_id="s1", status="x.y", verdict=Verdict.REJECTED, stage=Stage.IDLE, generation=0),
            "not_approved",
        ),
        (SpecDecided(spec_id="s1", allowed=True, reasons=(), bounds=(AT_MOST_2,)), "payload_out_of_bounds"),
        (ModelChanged(model="logreg", name="x", publisher="lab", versions=(VERSION,)), "payload_out_of_bounds"),
    ],
)
async def test_a_job_that_cannot_run_is_refused_before_anything_is_activated(
    outside: Outside, told: Fact, slug: str
) -> None:
    await outside.tell(told)

    async def refused_() -> bool:
        await outside.order(submit(f"j{len(outside.heard)}", activate=True), ALICE)
        return any(isinstance(fact, CommandRefused) and fact.slug == slug for fact in outside.heard)

    await until(refused_)


async def test_commands_are_answered_with_a_reason(outside: Outside) -> None:
    await submitted(outside)
    await outside.told(CommandAccepted, about="j1")
    await outside.order(submit("j2"), EVE)
    assert (await outside.told(CommandRefused)).slug == "not_allowed"
    await outside.order(submit("j1", payload={"rounds": 9}), ALICE)
    await outside.told(CommandRefused, slug="conflict")
    await outside.order(cancel("j1"), ALICE)
    await outside.told(JobCancelled, job_id="j1")
    await outside.told(JobChanged, status="cancelled")


async def test_a_refused_job_fails_and_one_whose_activation_ended_is_cancelled(outside: Outside) -> None:
    for job in ("j1", "j2"):
        await submitted(outside, job)
    await outside.tell(placed())
    await outside.tell(refused("j1"))
    await outside.tell(opened("j2"))
    await outside.tell(ended())
    assert (await outside.told(JobChanged, job_id="j1", status="failed")).reason == "rounds: 3 is more than 2"
    assert (
        await outside.told(JobChanged, job_id="j2", status="cancelled")
    ).reason == "the activation ended: deactivated"


async def test_only_the_orchestrator_of_the_job_gets_a_ticket(outside: Outside) -> None:
    await submitted(outside)
    await outside.tell(placed())
    await outside.tell(opened())
    await outside.told(JobChanged, status="provisioning")
    denied = Denied.model_validate_json(await outside.ask(AskUpload(job_id="j1", spec_id="s1", gateway="gw-1")))
    assert denied.slug == "not_allowed"
