"""Results over real sockets: stored by a site, read by a person, refused to everybody else."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest
from aiohttp import ClientSession
from jobs_values import ALICE, NOON, PACT, SPEC, observed, opened, order, submit
from jobs_world import people, verify
from servers import free_port, until
from yarl import URL

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.copies import Copies
from fedpact.chassis.http import make_app, serving
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.artifacts import artifact_id
from fedpact.contracts.jobs import StoredFile
from fedpact.contracts.queries import AskDownload, AskUpload, DownloadTicket, UploadTicket
from fedpact.contracts.specs import SpecCreated
from fedpact.contracts.statuses import STATUS_OF
from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.app.artifacts import Registering
from fedpact.jobs.app.kinds import ARTIFACTS, JOBS, TERMS, TICKETS, UPLOADS
from fedpact.jobs.app.results import Results
from fedpact.jobs.domain import lifecycle, submission
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Limits
from fedpact.jobs.entrypoints.http import Doors

MODEL = b"\x00weights" * 200_000
"""Larger than one chunk."""


@dataclass(kw_only=True)
class Service:
    """The service on a free port, with one running job `j1`, and a client."""

    results: Results
    jobs: Stored[Job]
    clock: FakeClock
    folder: Path
    client: ClientSession

    async def upload_ticket(self, job: str = "j1") -> UploadTicket:
        return await self.results.upload(AskUpload(job_id=job, spec_id="s1", gateway="hub"))

    async def download_ticket(self, file: StoredFile) -> DownloadTicket:
        question = AskDownload(artifact_id=artifact_id("j1", file.name), token="alice")
        return await self.results.download(question)

    async def put(self, ticket: UploadTicket, name: str, content: object, token: str | None = None) -> tuple[int, dict]:
        headers = {"Authorization": f"Bearer {token or ticket.token}"}
        data = BytesIO(content) if isinstance(content, bytes) else content
        async with self.client.put(f"{ticket.url}/{name}", data=data, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def complete(self, ticket: UploadTicket, *files: StoredFile) -> tuple[int, dict]:
        body = {"files": [file.model_dump() for file in files]}
        headers = {"Authorization": f"Bearer {ticket.token}"}
        async with self.client.post(f"{ticket.url}/complete", json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, url: str, token: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        async with self.client.get(url, headers={"Authorization": f"Bearer {token}", **headers}) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    async def stored(self, content: bytes = MODEL) -> StoredFile:
        ticket = await self.upload_ticket()
        assert (await self.put(ticket, "model.bin", content))[0] == 201
        assert (await self.complete(ticket, described("model.bin", content)))[0] == 200
        return described("model.bin", content)

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


def described(name: str, content: bytes) -> StoredFile:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return StoredFile(name=name, digest=digest, size=len(content), kind="checkpoint")


async def run_job(jobs: Stored[Job], job: str) -> None:
    for step in (
        lambda known: submission.submitted(known, order(submit(job)), PACT),
        lambda known: lifecycle.opened(known, opened(job), "hub", NOON),
    ):
        await jobs.change(job, step, Cause(now=NOON))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    jobs, clock, folder = Stored(MemoryDocuments(), JOBS), FakeClock(NOON), Folder(tmp_path)
    await folder.prepare()
    await run_job(jobs, "j1")
    numbers, port = count(), free_port()
    specs, artifacts = Copies(MemoryDocuments(), SpecCreated), Stored(MemoryDocuments(), ARTIFACTS)
    terms = Stored(MemoryDocuments(), TERMS)
    await specs.keep(SPEC, Cause(now=NOON))
    people(ALICE)
    results = Results(
        jobs=jobs,
        artifacts=artifacts,
        registrar=Registering(jobs=jobs, artifacts=artifacts, specs=specs, terms=terms, retention=None),
        terms=terms,
        tickets=Stored(MemoryDocuments(), TICKETS),
        uploads=Stored(MemoryDocuments(), UPLOADS),
        objects=folder,
        limits=Limits(file_bytes=2_000_000, job_bytes=3_000_000, files=3),
        url=f"http://127.0.0.1:{port}",
        clock=clock,
        verify=verify,
        new_token=lambda: f"token-{next(numbers)}",
    )
    app = make_app(checks={}, status_of=STATUS_OF)
    Doors(results).add_to(app)
    async with serving(app, "127.0.0.1", port), ClientSession() as client:
        yield Service(results=results, jobs=jobs, clock=clock, folder=tmp_path, client=client)


@asynccontextmanager
async def sending(ticket: UploadTicket, name: str, length: int, body: str = "") -> AsyncIterator[asyncio.StreamReader]:
    """The beginning of a PUT, as raw bytes; yields what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(ticket.url).port)
    head = f"PUT /uploads/j1/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ticket.token}\r\n"
    writer.write(f"{head}Content-Length: {length}\r\n\r\n{body}".encode())
    try:
        yield reader
    finally:
        writer.close()
        await writer.wait_closed()


async def test_what_a_site_stored_is_what_a_person_reads(service: Service) -> None:
    file = await service.stored()
    assert (await service.jobs.get("j1")).files == (file,)
    ticket = await service.download_ticket(file)
    status, headers, body = await service.get(ticket.url, ticket.token)
    assert (status, body) == (200, MODEL)
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Repr-Digest"].startswith("sha-256=:")


async def test_a_part_of_an_object_is_read_by_range(service: Service) -> None:
    ticket = await service.download_ticket(await service.stored())
    status, headers, body = await service.get(ticket.url, ticket.token, Range="bytes=1-7")
    assert (status, body, headers["Content-Range"]) == (206, b"weights", f"bytes 1-7/{len(MODEL)}")


async def test_uploading_and_completing_again_changes_nothing(service: Service) -> None:
    ticket = await service.upload_ticket()
    file = described("metrics/round-1.json", b"{}")
    for _ in range(2):
        assert await service.put(ticket, file.name, b"{}") == (
            201,
            {"name": file.name, "digest": file.digest, "size": 2},
        )
    for _ in range(2):
        assert await service.complete(ticket, file) == (200, {"stored": 1})
    assert len(service.files()) == 1


async def test_a_job_may_leave_nothing(service: Service) -> None:
    assert await service.complete(await service.upload_ticket()) == (200, {"stored": 0})
    assert (await service.jobs.get("j1")).stored


async def test_stored_results_take_no_more_files(service: Service) -> None:
    ticket = await service.upload_ticket()
    await service.complete(ticket)
    status, problem = await service.put(ticket, "late.bin", b"x")
    assert (status, problem["slug"]) == (409, "already_stored")
    assert (await service.complete(ticket, described("late.bin", b"x")))[0] == 409


@pytest.mark.parametrize("token", ["nonsense", "token-0x", ""])
async def test_a_wrong_token_stores_nothing(service: Service, token: str) -> None:
    ticket = await service.upload_ticket()
    status, problem = await service.put(ticket, "a", b"x", token=token or " ")
    assert (status, problem["slug"]) == (401, "unauthenticated")
    assert service.files() == []


async def test_a_token_of_another_job_stores_nothing(service: Service) -> None:
    await run_job(service.jobs, "j2")
    mine, other = await service.upload_ticket("j1"), await service.upload_ticket("j2")
    assert (await service.put(mine, "a", b"x", token=other.token))[0] == 401
    assert (await service.put(other, "a", b"x"))[0] == 201
    assert (await service.complete(mine, described("a", b"x")))[1]["slug"] == "incomplete"


async def test_a_token_ends_after_its_hour(service: Service) -> None:
    ticket = await service.upload_ticket()
    service.clock.pass_(3600)
    assert (await service.put(ticket, "a", b"x"))[0] == 401
    assert (await service.complete(ticket))[0] == 401


async def test_two_authorization_headers_are_none(service: Service) -> None:
    ticket = await service.upload_ticket()
    headers = [("Authorization", f"Bearer {ticket.token}"), ("Authorization", "Bearer other")]
    async with service.client.put(f"{ticket.url}/a", data=b"x", headers=headers) as answer:
        assert answer.status == 401


async def test_an_upload_token_reads_nothing_and_a_download_token_stores_nothing(service: Service) -> None:
    upload = await service.upload_ticket()
    file = await service.stored()
    download = await service.download_ticket(file)
    assert (await service.get(download.url, upload.token))[0] == 401
    assert (await service.put(upload, "a", b"x", token=download.token))[0] == 401


async def test_a_download_token_reads_its_one_file(service: Service) -> None:
    ticket = await service.upload_ticket()
    files = [described(name, name.encode()) for name in ("a", "b")]
    for file in files:
        await service.put(ticket, file.name, file.name.encode())
    await service.complete(ticket, *files)
    mine, other = [await service.download_ticket(file) for file in files]
    assert (await service.get(mine.url, mine.token))[2] == b"a"
    assert (await service.get(other.url, mine.token))[0] == 401


async def test_a_file_that_declares_too_much_is_refused_before_it_is_read(service: Service) -> None:
    async with sending(await service.upload_ticket(), "a", 2_000_001) as answer:
        assert b" 413 " in await asyncio.wait_for(answer.readline(), 5)


async def test_a_file_without_a_length_is_cut_at_the_limit(service: Service) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    status, problem = await service.put(await service.upload_ticket(), "a", endless())
    assert (status, problem["slug"]) == (413, "too_large")
    assert service.files() == []


async def test_all_files_of_a_job_together_are_limited(service: Service) -> None:
    ticket = await service.upload_ticket()
    assert (await service.put(ticket, "a", b"x" * 2_000_000))[0] == 201
    assert (await service.put(ticket, "b", b"x" * 1_000_001))[0] == 413
    assert (await service.put(ticket, "a", b"x" * 2_000_000))[0] == 201


@pytest.mark.parametrize("name", ["..%2Fescape", "a%2F..%2Fb", "a%00b", "%2Fetc%2Fpasswd", "a%5Cb", "a//b"])
async def test_a_name_that_leaves_its_folder_is_refused(service: Service, name: str) -> None:
    async with sending(await service.upload_ticket(), name, 1, "x") as answer:
        assert b" 422 " in await asyncio.wait_for(answer.readline(), 5)
    assert service.files() == []


async def test_a_sender_that_goes_away_leaves_nothing(service: Service) -> None:
    async def begun() -> bool:
        return bool(service.files())

    async def gone() -> bool:
        return not service.files()

    ticket = await service.upload_ticket()
    async with sending(ticket, "a", 9, "half"):
        await until(begun)
    await until(gone)
    assert (await service.complete(ticket, described("a", b"half")))[1]["slug"] == "incomplete"


async def test_a_manifest_must_be_one(service: Service) -> None:
    ticket = await service.upload_ticket()
    headers = {"Authorization": f"Bearer {ticket.token}"}
    async with service.client.post(
        f"{ticket.url}/complete", json={"files": [{"name": "a"}]}, headers=headers
    ) as answer:
        assert answer.status == 422
        assert (await answer.json(content_type=None))["slug"] == "malformed"


async def test_results_may_come_after_the_last_word(service: Service) -> None:
    ticket = await service.upload_ticket()
    await service.jobs.change("j1", lambda job: lifecycle.observed(job, observed("failed"), NOON), Cause(now=NOON))
    await service.put(ticket, "log.txt", b"why")
    assert (await service.complete(ticket, described("log.txt", b"why")))[0] == 200
    job = await service.jobs.get("j1")
    assert (job.status, len(job.files)) == ("failed", 1)


async def test_a_file_that_is_no_longer_kept_is_gone_with_a_reason(service: Service) -> None:
    ticket = await service.download_ticket(await service.stored())
    for path in service.files():
        path.unlink()
    status, _, body = await service.get(ticket.url, ticket.token)
    assert status == 404
    assert b"no longer kept" in body
