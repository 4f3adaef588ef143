"""
The protocol: one line in, one line out, over a Unix socket.

    -> {"id": "job-1", "payload": {...}, "dataset2gw": {"<dataset>": "<gateway>"}, "bounds": [{...}]}
    <- {"id": "job-1", "files": {"meta.json": "...", "app/config/config_fed_server.json": "..."}}
    <- {"id": "job-1", "error": {"slug": "payload-invalid", "reason": "...", "path": "learning_rate"}}

A connection carries one request of at most `request_limit` bytes ending in a newline, and is closed after the answer.
Slugs are those of `domain/errors.py`. The answer is untrusted until `domain.rendered.check_rendered` has passed it.
Requests are served one after the other by a single thread: the sandbox forks, and a fork wants no threads.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, JsonValue

from fedpact.contracts import strict_json
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.policies import Bounds
from fedpact.contracts.strict_json import MalformedError
from fedpact.secure_runtime.app.ports import RenderRequest, Sandbox
from fedpact.secure_runtime.domain.errors import MalformedRequestError, RenderError

_CHUNK = 65536


class RequestLine(Strict):
    """What the caller asks."""

    id: str = Field(default="", max_length=100)
    payload: dict[str, JsonValue]
    dataset2gw: dict[str, str] = {}
    bounds: tuple[Bounds, ...] = ()


class ErrorLine(Model):
    slug: str
    reason: str
    path: str = ""


class AnswerLine(Model):
    """What the caller gets: `files` or `error`, never both."""

    id: str = ""
    files: dict[str, str] | None = None
    error: ErrorLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where requests come in, and how long and large they may be."""

    path: Path
    mode: int = 0o600
    request_limit: int = 1_000_000
    request_timeout: float = 5.0


@contextlib.contextmanager
def listening(door: Door) -> Iterator[socket.socket]:
    """A listening socket at the door's path; an old socket file there is replaced, and removed at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        with contextlib.suppress(FileNotFoundError):
            door.path.unlink()
        before = os.umask(0o177)
        try:
            server.bind(str(door.path))
        finally:
            os.umask(before)
        door.path.chmod(door.mode)
        server.listen(16)
        try:
            yield server
        finally:
            door.path.unlink(missing_ok=True)


def serve(server: socket.socket, door: Door, sandbox: Sandbox, served: Callable[[str, str], None]) -> None:
    """Answer requests until the process is told to stop. `served` hears each request's id and its outcome."""
    while True:
        connection, _ = server.accept()
        with connection:
            answer = _answer(connection, door, sandbox)
            connection.settimeout(door.request_timeout)
            with contextlib.suppress(OSError):
                connection.sendall(answer.model_dump_json(exclude_none=True).encode() + b"\n")
        served(answer.id, answer.error.slug if answer.error else "rendered")


def _answer(connection: socket.socket, door: Door, sandbox: Sandbox) -> AnswerLine:
    request = None
    try:
        request = _request(_line(connection, door))
        outcome = sandbox.render(
            RenderRequest(payload=request.payload, dataset2gw=request.dataset2gw, bounds=request.bounds)
        )
    except RenderError as refusal:
        outcome = refusal
    about = request.id if request else ""
    if isinstance(outcome, RenderError):
        error = ErrorLine(slug=outcome.slug, reason=outcome.reason, path=outcome.path)
        return AnswerLine(id=about, error=error)
    return AnswerLine(id=about, files=outcome)


def _line(connection: socket.socket, door: Door) -> bytes:
    line, deadline = bytearray(), time.monotonic() + door.request_timeout
    while not line.endswith(b"\n"):
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            chunk = connection.recv(_CHUNK)
        except OSError as fault:
            raise MalformedRequestError(f"no whole request came within {door.request_timeout:g} s") from fault
        line += chunk
        if len(line) > door.request_limit:
            raise MalformedRequestError(f"the request is longer than {door.request_limit} bytes")
        if not chunk:
            raise MalformedRequestError("the request does not end in a newline")
    return bytes(line)


def _request(line: bytes) -> RequestLine:
    try:
        return strict_json.parsed(RequestLine, line)
    except MalformedError as fault:
        raise MalformedRequestError(fault.reason, path=fault.path) from fault
