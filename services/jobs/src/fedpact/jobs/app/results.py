"""Results come in and go out, each by a capability for that one thing."""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.jobs import Manifest
from fedpact.contracts.queries import AskDownload, AskUpload, DownloadTicket, UploadTicket
from fedpact.jobs.app.ports import Objects, Registrar, Verify
from fedpact.jobs.domain import results
from fedpact.jobs.domain.artifacts import Artifact, readable
from fedpact.jobs.domain.errors import (
    AlreadyStoredError,
    BadTokenError,
    IncompleteError,
    TooLargeError,
    UnknownFileError,
)
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Limits, Received, Ticket, TicketIssued, Upload
from fedpact.jobs.domain.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    jobs: Aggregates[Job]
    artifacts: Aggregates[Artifact]
    registrar: Registrar
    terms: Aggregates[Terms]
    tickets: Aggregates[Ticket]
    uploads: Aggregates[Upload]
    objects: Objects
    limits: Limits
    url: str
    """Where this service's HTTP is reached from outside, without a trailing slash."""
    clock: Clock
    verify: Verify
    new_token: Callable[[], str]

    async def upload(self, question: AskUpload) -> UploadTicket:
        """Permission to store one job's results."""
        job = await self.jobs.find(question.job_id)
        ticket = results.upload_ticket(job, question, self.limits, self.clock.now())
        token, terms = await self._issued(ticket), await self.terms.find(question.spec_id)
        return UploadTicket(
            url=f"{self.url}/uploads/{ticket.job_id}",
            token=token,
            expires=ticket.expires,
            server_log=terms is not None and terms.server_log,
        )

    async def download(self, question: AskDownload) -> DownloadTicket:
        """Permission for whoever the token vouches for to read an artifact."""
        now = self.clock.now()
        reader = await self.verify(question.token, now)
        found = await self.artifacts.find(question.artifact_id)
        ticket = results.download_ticket(readable(found, reader, question.artifact_id), reader, self.limits, now)
        token = await self._issued(ticket)
        return DownloadTicket(url=f"{self.url}/objects/{ticket.digest}", token=token, expires=ticket.expires)

    async def room(self, token: str, job_id: str, name: str, declared: int) -> int:
        """How many bytes the bearer may send as `name`; refuses before the first of them is read."""
        await self._permitted(token, "upload", job_id=job_id)
        left = results.room(await self.uploads.find(job_id), results.safe_name(name), self.limits)
        if declared > left:
            raise TooLargeError(f"`{name}` may have at most {left} bytes")
        if (await self.jobs.get(job_id)).stored:
            raise AlreadyStoredError(job_id)
        return left

    async def receive(self, job_id: str, name: str, chunks: AsyncIterator[bytes], room: int) -> Received:
        """Store one file of at most `room` bytes and remember that the job brought it."""
        file = await self.objects.receive(chunks, room)
        now = self.clock.now()
        await self.uploads.change(
            job_id, lambda upload: results.received(upload, name, file, self.limits, now), Cause(now=now)
        )
        return file

    async def complete(self, token: str, job_id: str, manifest: Manifest) -> None:
        """Check that everything the manifest names arrived, and keep it as the job's results."""
        await self._permitted(token, "upload", job_id=job_id)
        for file in manifest.files:
            if self.objects.find(file.digest) is None:
                raise IncompleteError(f"`{file.name}` is not here: upload it again")
        upload, cause = await self.uploads.find(job_id), Cause(now=self.clock.now())
        await self.jobs.change(job_id, lambda job: results.stored(job, upload, manifest), cause)
        await self.registrar.register(job_id, cause)

    async def read(self, token: str, digest: str) -> Path:
        """Where the file is, if the bearer may still read it."""
        ticket = await self._permitted(token, "download", digest=digest)
        if ticket.reader is None:
            raise BadTokenError
        readable(await self.artifacts.find(ticket.artifact_id), ticket.reader, ticket.artifact_id)
        found = self.objects.find(digest)
        if found is None:
            raise UnknownFileError
        return found

    async def _issued(self, ticket: Ticket) -> str:
        token = self.new_token()
        await self.tickets.change(hashed(token), lambda _: [TicketIssued(ticket=ticket)], Cause(now=self.clock.now()))
        return token

    async def _permitted(
        self, token: str, purpose: Literal["upload", "download"], *, job_id: str = "", digest: str = ""
    ) -> Ticket:
        ticket = await self.tickets.find(hashed(token))
        return results.permitted(ticket, purpose, self.clock.now(), job_id=job_id, digest=digest)


def hashed(token: str) -> str:
    """What is kept of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
