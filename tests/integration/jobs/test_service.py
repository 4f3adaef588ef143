"""The whole service on a real bus and a real store: a job from its command to its results."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hub_service import Outside, running, settings_of, token
from jobs_values import SPEC, cancel, ended, observed, opened, placed, refused, submit
from servers import free_port

from fedpact.contracts.jobs import (
    ArtifactsStored,
    CommandAccepted,
    CommandRefused,
    JobCancelled,
    JobChanged,
    JobSubmitted,
    StoredFile,
)
from fedpact.contracts.queries import AskDownload, AskUpload, Denied, DownloadTicket, UploadTicket
from fedpact.jobs.main import compose
from fedpact.jobs.settings import Settings

ALICE = token("alice", "uni", "data_scientist")
EVE = token("eve", "rival", "data_scientist")
RESULT = b"weights"
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
        await found.tell(SPEC)
        yield found


async def submitted(outside: Outside, job: str = "j1") -> None:
    await outside.order(submit(job), ALICE)
    await outside.told(JobSubmitted, job_id=job)


async def test_a_job_runs_and_leaves_its_results(outside: Outside) -> None:
    await submitted(outside)
    await outside.tell(placed())
    await outside.tell(opened())
    await outside.told(JobChanged, status="provisioning")
    ticket = UploadTicket.model_validate_json(await outside.ask(AskUpload(job_id="j1", spec_id="s1", gateway="hub")))
    async with ClientSession(headers={"Authorization": f"Bearer {ticket.token}"}) as client:
        async with client.put(f"{ticket.url}/{FILE.name}", data=RESULT) as answer:
            assert answer.status == 201
        async with client.post(f"{ticket.url}/complete", json={"files": [FILE.model_dump()]}) as answer:
            assert answer.status == 200
    assert (await outside.told(ArtifactsStored)).files == (FILE,)
    await outside.tell(observed("completed"), route="hub")
    assert (await outside.told(JobChanged, status="completed")).files == (FILE,)
    reading = DownloadTicket.model_validate_json(await outside.ask(AskDownload(job_id="j1", digest=FILE.digest)))
    bearer = {"Authorization": f"Bearer {reading.token}"}
    async with ClientSession(headers=bearer) as client, client.get(reading.url) as answer:
        assert await answer.read() == RESULT


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
