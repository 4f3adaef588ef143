"""
The secure runtime as an author sees it: one process of it, asked by its protocol, with the kind of each refusal.

A process that renders the same twice may only remember the first time, so whoever compares asks two of them: each
starts with nothing, and with another seed for the order of sets.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from fedpact.model_tools.errors import ToolError
from fedpact.secure_runtime.entrypoints.socket import AnswerLine

_PROGRAM = "from fedpact.secure_runtime.main import run; run()"
_SECONDS = 30.0
_CHUNK = 65536


class RuntimeStartError(ToolError):
    """The model's rendering code cannot be loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A running secure runtime."""

    socket: Path

    def render(self, payload: Mapping[str, JsonValue], sites: Mapping[str, str]) -> AnswerLine:
        """What it makes of a payload. `sites` maps each dataset to its gateway."""
        line = json.dumps({"id": "check", "payload": dict(payload), "dataset2gw": dict(sites)}).encode() + b"\n"
        heard = bytearray()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_SECONDS)
            connection.connect(str(self.socket))
            connection.sendall(line)
            while chunk := connection.recv(_CHUNK):
                heard += chunk
        return AnswerLine.model_validate_json(bytes(heard))


@contextmanager
def serving(root: Path, folder: Path) -> Iterator[Runtime]:
    """A secure runtime of the model in `root`, until the end of the block. `folder` is an empty one."""
    log, door = folder / "log", folder / "socket"
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own program, as the orchestrator's agent starts it
            [sys.executable, "-c", _PROGRAM, "--socket", str(door), "--model", str(root)],
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(door, process, log)
        yield Runtime(socket=door)
    finally:
        process.terminate()
        process.wait()


def _await(door: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until it is ready: it listens first and loads the model then."""
    deadline = time.monotonic() + _SECONDS
    while b'"ready"' not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            told = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
            raise RuntimeStartError(told[-1] if told else f"the secure runtime was not ready in {_SECONDS:g} s")
        time.sleep(0.02)
    if not door.is_socket():
        raise RuntimeStartError("the secure runtime does not listen")
