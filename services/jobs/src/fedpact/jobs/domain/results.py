"""
What may be stored and read, and when it counts as stored.

A token is a capability for one thing: to store the results of one job, or for one person to read one artifact. It is
random and kept only as its hash, so neither the store nor a backup of it opens anything. What a job uploaded is
remembered by name until its manifest is checked against it: a manifest cannot claim a file that somebody else stored.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from fedpact.contracts.artifacts import artifact_id
from fedpact.contracts.envelope import Actor, Fact
from fedpact.contracts.jobs import ArtifactsStored, Manifest
from fedpact.contracts.queries import AskUpload
from fedpact.jobs.domain.artifacts import Artifact
from fedpact.jobs.domain.errors import (
    AlreadyStoredError,
    BadTokenError,
    IncompleteError,
    NotAllowedError,
    TooLargeError,
    UnknownJobError,
    UnsafeNameError,
)
from fedpact.jobs.domain.model import Job

_LONGEST_NAME = 512
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an operator may choose."""

    file_bytes: int
    job_bytes: int
    files: int = 1000
    upload_lifetime: timedelta = timedelta(hours=1)
    download_lifetime: timedelta = timedelta(minutes=5)
    abandoned_after: timedelta = timedelta(days=1)
    """How long files without a manifest are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a token permits."""

    purpose: Literal["upload", "download"]
    job_id: str
    artifact_id: str = ""
    digest: str = ""
    reader: Actor | None = None
    """Who reads: asked for again at every request, since a grant may have ended."""
    expires: datetime


class TicketIssued(Fact):
    """Kept and never published, hence without a type."""

    ticket: Ticket

    @property
    def key(self) -> str:
        return self.ticket.job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A file that arrived whole."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What a job uploaded so far, by name."""

    files: Mapping[str, Received] = field(default_factory=dict)
    expires: datetime


class FileReceived(Fact):
    """Kept and never published, hence without a type."""

    name: str
    received: Received
    expires: datetime

    @property
    def key(self) -> str:
        return self.name


def upload_ticket(job: Job | None, question: AskUpload, limits: Limits, now: datetime) -> Ticket:
    """The orchestrator that runs a job may store its results, once."""
    if job is None or job.spec_id != question.spec_id:
        raise UnknownJobError(question.job_id)
    if not job.orchestrator or job.orchestrator != question.gateway:
        raise NotAllowedError(f"`{question.gateway}` does not run `{job.id}`: only its orchestrator stores its results")
    if job.stored:
        raise AlreadyStoredError(job.id)
    return Ticket(purpose="upload", job_id=job.id, expires=now + limits.upload_lifetime)


def download_ticket(artifact: Artifact, reader: Actor, limits: Limits, now: datetime) -> Ticket:
    """One artifact for one reader, who may have it."""
    return Ticket(
        purpose="download",
        job_id=artifact.job_id,
        artifact_id=artifact.id,
        digest=artifact.file.digest,
        reader=reader,
        expires=now + limits.download_lifetime,
    )


def permitted(
    ticket: Ticket | None, purpose: Literal["upload", "download"], now: datetime, *, job_id: str = "", digest: str = ""
) -> Ticket:
    """The ticket, if it permits exactly this now."""
    if ticket is None or ticket.purpose != purpose or now >= ticket.expires:
        raise BadTokenError
    if (job_id and ticket.job_id != job_id) or ticket.digest != digest:
        raise BadTokenError
    return ticket


def safe_name(name: str) -> str:
    """`name`, if it is a relative path that means the same everywhere."""
    if not name or len(name) > _LONGEST_NAME:
        raise UnsafeNameError(f"must have 1 to {_LONGEST_NAME} characters")
    if _CONTROL.search(name):
        raise UnsafeNameError("holds a control character or a backslash")
    if any(part in {"", ".", ".."} for part in name.split("/")):
        raise UnsafeNameError(f"`{name}` is not a plain relative path")
    return name


def room(upload: Upload | None, name: str, limits: Limits) -> int:
    """How many bytes the file `name` may have."""
    others = {known: its for known, its in upload.files.items() if known != name} if upload else {}
    if len(others) >= limits.files:
        raise TooLargeError(f"a job leaves at most {limits.files} files: pack them into an archive")
    left = min(limits.file_bytes, limits.job_bytes - sum(its.size for its in others.values()))
    if left < 0:
        raise TooLargeError(f"a job leaves at most {limits.job_bytes} bytes in all")
    return left


def received(upload: Upload | None, name: str, file: Received, limits: Limits, now: datetime) -> Sequence[Fact]:
    """A file arrived; the newest of a name counts."""
    if file.size > room(upload, name, limits):
        raise TooLargeError(f"a job leaves at most {limits.job_bytes} bytes in all")
    if upload and upload.files.get(name) == file:
        return []
    return [FileReceived(name=name, received=file, expires=now + limits.abandoned_after)]


def stored(job: Job | None, upload: Upload | None, manifest: Manifest) -> Sequence[Fact]:
    """Every file of the manifest is there: the job's results are kept. Once more changes nothing."""
    assert job is not None
    if job.stored:
        if job.files != manifest.files:
            raise AlreadyStoredError(job.id)
        return []
    there = upload.files if upload else {}
    names = [file.name for file in manifest.files]
    if len(set(names)) != len(names):
        raise IncompleteError("the manifest names a file twice")
    for file in manifest.files:
        if there.get(file.name) != Received(digest=file.digest, size=file.size):
            raise IncompleteError(f"`{file.name}` was not uploaded with this digest and size: upload it again")
    return [ArtifactsStored(job_id=job.id, spec_id=job.spec_id, files=manifest.files)]


def issue(ticket: Ticket | None, fact: Fact) -> Ticket:
    """Folds a ticket."""
    assert ticket is None
    assert isinstance(fact, TicketIssued)
    return fact.ticket


def arrive(upload: Upload | None, fact: Fact) -> Upload:
    """Folds an upload."""
    assert isinstance(fact, FileReceived)
    if upload is None:
        return Upload(files={fact.name: fact.received}, expires=fact.expires)
    return replace(upload, files={**upload.files, fact.name: fact.received}, expires=fact.expires)


def digests(job: Job) -> frozenset[str]:
    """What the job's results are stored under, whether or not their artifacts were deleted."""
    return frozenset(file.digest for file in job.files)


def named(job: Job, digest: str) -> Sequence[str]:
    """The artifacts of a job that have this content."""
    return [artifact_id(job.id, file.name) for file in job.files if file.digest == digest]
