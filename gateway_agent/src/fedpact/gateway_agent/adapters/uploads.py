"""
Results on their way to the hub: fetched into the agent's own folder, sealed, stored, forgotten.

    <folder>/<job>/fetched/...      what FLARE handed out
    <folder>/<job>/outcome.json     written last: all of it is there

Storing twice is harmless: the jobs service knows files by content, and a job whose results it has says so.
"""

import asyncio
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, TypeAdapter, ValidationError

from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.chassis.questions import Ask
from fedpact.contracts.envelope import Denied
from fedpact.contracts.jobs import Manifest, StoredFile
from fedpact.contracts.queries import AskUpload, UploadTicket
from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.adapters.gauges import run_folder
from fedpact.gateway_agent.domain.errors import ResultsRefusedError
from fedpact.gateway_agent.domain.pods import PodName, activation_folder
from fedpact.gateway_agent.domain.runs import Outcome, kind_of

JOBS = "jobs"
PRIVATE = ("app_server/", "startup/", "local/", "audit.log", "fl_app.txt")
"""Of the server's run folder: what configures it and is no result."""
SERVER_LOGS = frozenset({"log.txt", "log.json", "log_fl.txt", "error_log.txt"})
"""What FLARE writes of a job there. It may hold what sites said, so the custodians have to allow it."""
YET = frozenset({"unknown_job", "not_allowed"})
"""The jobs service may learn of job and site a moment later than they ran."""
STORED = "already_stored"
REFUSED, GONE, TOO_MANY, BROKEN = 400, 401, 429, 500
AT_ONCE = 4
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


class _Problem(BaseModel):
    slug: str = ""
    detail: str = "the jobs service refuses"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultParcels:
    """`folder` holds results on their way, `activations` the rendered jobs; `ask` asks on the bus."""

    gateway: str
    folder: Path
    activations: Path
    ask: Ask
    clock: Clock
    timeout: float = 600.0

    async def job(self, server: PodName, job: str) -> Path | None:
        path = self._job(server, job)
        return path if await asyncio.to_thread(path.is_dir) else None

    async def write_job(self, server: PodName, job: str, contents: Mapping[str, str]) -> Path:
        return await asyncio.to_thread(self._write_job, self._job(server, job), contents)

    def inbox(self, job: str) -> Path:
        return self.folder / job / "fetched"

    async def seal(self, job: str, folder: Path, outcome: Outcome) -> None:
        told = {"folder": str(folder.relative_to(self.inbox(job))), "at": self.clock.now().timestamp()}
        content = json.dumps({**told, "outcome": _OUTCOME.dump_python(outcome, mode="json")})
        await asyncio.to_thread(files.write, self._seal(job), content)

    async def sealed(self, job: str) -> Outcome | None:
        seal = await self._read(job)
        return seal.outcome if seal else None

    async def since(self, job: str) -> float:
        seal = await self._read(job)
        return self.clock.now().timestamp() - seal.at if seal else 0.0

    async def store(self, spec_id: str, job: str) -> None:
        ticket = await self._ticket(spec_id, job)
        if ticket is None:
            return
        found = await asyncio.to_thread(results_in, await self._results(job), server_log=ticket.server_log)
        timeout = aiohttp.ClientTimeout(self.timeout)
        headers = {"Authorization": f"Bearer {ticket.token}"}
        try:
            async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
                await _put_all(session, {path: f"{ticket.url}/{quote(file.name)}" for path, file in found})
                manifest = Manifest(files=tuple(file for _, file in found))
                body = manifest.model_dump_json().encode()
                await _sent(session.post(f"{ticket.url}/complete", data=body))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"the jobs service does not take results: {type(error).__name__}") from error

    async def forget(self, job: str) -> None:
        await asyncio.to_thread(shutil.rmtree, self.folder / job, ignore_errors=True)

    async def _ticket(self, spec_id: str, job: str) -> UploadTicket | None:
        question = AskUpload(job_id=job, spec_id=spec_id, gateway=self.gateway)
        answer = await self.ask("jobs", "upload", question.model_dump_json())
        try:
            return UploadTicket.model_validate_json(answer)
        except ValidationError:
            denied = Denied.model_validate_json(answer)
        if denied.slug == STORED:
            return None
        if denied.slug in YET:
            raise UnavailableError(denied.reason)
        raise ResultsRefusedError(denied.reason)

    async def _results(self, job: str) -> Path:
        seal = await self._read(job)
        return self.inbox(job) / seal.folder if seal else self.inbox(job)

    async def _read(self, job: str) -> "_Seal | None":
        try:
            return _Seal.model_validate_json(await asyncio.to_thread(self._seal(job).read_bytes))
        except FileNotFoundError:
            return None

    def _seal(self, job: str) -> Path:
        return self.folder / job / "outcome.json"

    def _job(self, server: PodName, job: str) -> Path:
        return activation_folder(self.activations, server) / JOBS / job

    def _write_job(self, path: Path, contents: Mapping[str, str]) -> Path:
        """Whole or not at all: a job that is there is the one that was submitted."""
        half = path.with_name(f".{path.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        for name, content in contents.items():
            files.write(half / name, content)
        half.rename(path)
        return path


class _Seal(BaseModel):
    folder: str
    at: float
    outcome: Outcome


def results_in(folder: Path, *, server_log: bool = False) -> list[tuple[Path, StoredFile]]:
    """The files that are results, by name: of the server's run folder without what configured it, or its log."""
    root = run_folder(folder)
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    named = [(path, path.relative_to(root).as_posix()) for path in paths]
    kept = [(path, name) for path, name in named if server_log or name not in SERVER_LOGS]
    return [(path, _file(path, name)) for path, name in kept if not name.startswith(PRIVATE)]


def _file(path: Path, name: str) -> StoredFile:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return StoredFile(name=name, digest=f"sha256:{digest}", size=path.stat().st_size, kind=kind_of(name))


async def _put_all(session: aiohttp.ClientSession, urls: Mapping[Path, str]) -> None:
    """Every file to its place, a few at a time. The first failure is raised once nothing is under way any more."""
    few = asyncio.Semaphore(AT_ONCE)

    async def put(path: Path, url: str) -> None:
        async with few:
            with path.open("rb") as content:
                await _sent(session.put(url, data=content))

    failures = await asyncio.gather(*(failure_of(put(path, url)) for path, url in urls.items()))
    for failure in filter(None, failures):
        raise failure


async def _sent(request: "aiohttp.client._RequestContextManager") -> None:
    async with request as answer:
        if answer.status < REFUSED:
            return
        body = await answer.read()
    try:
        problem = _Problem.model_validate_json(body)
    except ValidationError:
        problem = _Problem()
    if problem.slug == STORED:
        return
    if answer.status in (GONE, TOO_MANY) or answer.status >= BROKEN:
        raise UnavailableError(problem.detail)
    raise ResultsRefusedError(problem.detail)
