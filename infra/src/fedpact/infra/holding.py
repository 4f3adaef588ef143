"""
Who runs the federation of a folder: one supervisor at a time, found again from any shell.

The lock file names its holder by process id and start time, so that a number the kernel gave to somebody else is never
taken for it. What the supervisor says of itself (`running.json`) counts only as long as it lives.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from fedpact.infra.errors import AlreadyRunningError
from fedpact.infra.layout import Layout, write_secret


class Holder(BaseModel):
    """A process, and no other with the same number."""

    model_config = ConfigDict(frozen=True)

    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process, if it lives and is this user's own."""
        try:
            process = psutil.Process(self.pid)
            ours = abs(process.create_time() - self.created) < 1 and process.uids().real == os.getuid()
        except psutil.NoSuchProcess:
            return None
        return process if ours else None


class Running(Holder):
    """What the supervisor of a folder says of itself once everything is ready."""

    url: str
    identity: str
    nats: str
    pids: dict[str, int] = {}
    sockets: dict[str, str] = {}


@contextmanager
def holding(layout: Layout) -> Iterator[None]:
    """Be the one who runs the federation of this folder."""
    descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = running(layout)
            raise AlreadyRunningError(layout.root, said.url if said else "") from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, myself().model_dump_json().encode())
        yield
    finally:
        os.close(descriptor)


def myself() -> Holder:
    process = psutil.Process()
    return Holder(pid=process.pid, created=process.create_time())


def announce(layout: Layout, said: Running) -> None:
    write_secret(layout.running, json.dumps(said.model_dump(), indent=1))


def running(layout: Layout) -> Running | None:
    """What the supervisor of this folder said of itself, if it lives."""
    try:
        said = Running.model_validate_json(layout.running.read_bytes())
    except (OSError, ValidationError):
        return None
    return said if said.process() else None


def supervisor(layout: Layout) -> psutil.Process | None:
    """The process that runs or starts the federation of this folder: the one that holds the lock, as the lock says."""
    try:
        descriptor = os.open(layout.lock, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(layout)
    finally:
        os.close(descriptor)
    return None


def _named(layout: Layout) -> psutil.Process | None:
    try:
        return Holder.model_validate_json(layout.lock.read_bytes()).process()
    except (OSError, ValidationError):
        return None
