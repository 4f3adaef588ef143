"""A secure runtime of a test's own, started as the product starts it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SEEDS_LAYOUT = "secure_runtime/src/secure_runtime/secure_runtime_service.py"
VENDOR_LAYOUT = "src/secure_runtime_service.py"

_START = "from fedpact.secure_runtime.main import run; run()"
WITHOUT_MEANS = """
import contextlib, ctypes, os, sys
user, group = os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10000000) == 0:
    with contextlib.suppress(OSError):  # a machine that allows less than this has no means either
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            open(f"/proc/self/{name}", "w").write(text)
        open("/proc/sys/user/max_user_namespaces", "w").write("0")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Run another program as on a machine that allows no user namespaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderServer:
    """A running secure runtime: what it said when it was ready, and its pid."""

    path: Path
    pid: int
    ready: dict = field(default_factory=dict)

    def send(self, line: bytes) -> dict:
        """The answer to one raw line."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(20)
            caller.connect(str(self.path))
            with contextlib.suppress(BrokenPipeError):
                caller.sendall(line)
            caller.shutdown(socket.SHUT_WR)
            with caller.makefile("rb") as answer:
                return json.loads(answer.readline())

    def render(self, payload: dict, **more: object) -> dict:
        """The answer to a request."""
        return self.send(json.dumps({"id": "job-1", "payload": payload, **more}).encode() + b"\n")


@contextlib.contextmanager
def render_server(folder: Path, model: Path, *, means: bool = True, **settings: object) -> Iterator[RenderServer]:
    """
    A secure runtime around `model`, listening in `folder`, ended at the end of the block.

    Without `means` it runs as on a machine that has none to jail it.
    """
    path = folder / "s.sock"
    given = {f"FEDPACT_SECURE_RUNTIME_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        [
            *(sys.executable, *(() if means else ("-c", WITHOUT_MEANS))),
            *("-c", _START, "--socket", str(path), "--model", str(model)),
        ],
        env={**os.environ, "SECRET_OF_THE_TEST": "do not tell", **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        yield RenderServer(path=path, pid=process.pid, ready=json.loads(first))
    finally:
        process.terminate()
        process.communicate(timeout=10)


def write_model(root: Path, template: str, layout: str = SEEDS_LAYOUT, head: str = "") -> Path:
    """A model package whose `template` has the given body; `payload` is the parsed dictionary."""
    script = root / layout
    script.parent.mkdir(parents=True, exist_ok=True)
    body = textwrap.indent(textwrap.dedent(template), "    ")
    script.write_text(
        f"import json, os, sys\n{textwrap.dedent(head)}\n"
        "def parse(body):\n    return json.loads(body)\n\n"
        "def validate(payload):\n    if payload.get('bad'):\n        raise ValueError('`bad` is set')\n\n"
        f"def template(payload, _dataset2gw=None, *, template_folder=None):\n{body}\n"
    )
    return root
