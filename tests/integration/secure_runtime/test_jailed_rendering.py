"""
What a model's rendering code finds of the machine it runs on: nothing. Real namespaces.

The tests say what this machine lacks where they cannot be run; what holds without the means is shown as well.
"""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from render_server import SEEDS_LAYOUT, WITHOUT_MEANS, RenderServer, render_server, write_model

TRIES = """
def met(attempt):
    try:
        return str(attempt())
    except Exception as error:
        return type(error).__name__

def read(path):
    return open(path).read() and "read"

def connect(path):
    import socket
    return socket.socket(socket.AF_UNIX).connect(path)
"""


def told(answer: dict) -> dict:
    return json.loads(answer["files"]["meta.json"])


@contextlib.contextmanager
def jailed(folder: Path, template: str, head: str = TRIES, **settings: object) -> Iterator[RenderServer]:
    """A runtime whose model does `template`, with a key and somebody who listens in the folder beside it."""
    (folder / "key.pem").write_text("a secret")
    model = write_model(folder / "model", template, head=head)
    with (
        socket.socket(socket.AF_UNIX) as door,
        render_server(folder, model, **settings) as server,
    ):
        door.bind(str(folder / "door"))
        door.listen()
        if server.ready["unjailed"] and settings.get("means", True):
            pytest.skip(f"this machine has no jail: {server.ready['unjailed']}")
        yield server


def family(server: RenderServer) -> list[psutil.Process]:
    return psutil.Process(server.pid).children(recursive=True)


def test_rendering_code_sees_no_file_of_the_machine_but_its_model_and_the_libraries(tmp_path: Path) -> None:
    files = [tmp_path / "key.pem", Path("/etc/passwd"), Path("/proc/self/environ"), Path("/proc/1/cmdline")]
    with jailed(
        tmp_path,
        """
        paths, door, beside = payload["files"], payload["door"], payload["beside"]
        seen = {path: met(lambda: read(path)) for path in [__file__, *paths]}
        return {"meta.json": {"seen": seen, "door": met(lambda: connect(door)), "beside": os.listdir(beside)}}
        """,
    ) as server:
        asked = {"files": [str(file) for file in files], "door": str(tmp_path / "door"), "beside": str(tmp_path)}
        met = told(server.render(asked))
    script = str(tmp_path / "model" / SEEDS_LAYOUT)
    assert met["seen"] == {script: "read"} | {str(file): "FileNotFoundError" for file in files}
    assert met["door"] == "FileNotFoundError"
    assert met["beside"] == ["model"]


def test_code_that_runs_when_the_model_is_loaded_sees_no_more(tmp_path: Path) -> None:
    head = f"{TRIES}\nAT_LOADING = met(lambda: read({str(tmp_path / 'key.pem')!r}))"
    with jailed(tmp_path, "return {'meta.json': {'met': AT_LOADING}}", head) as server:
        assert told(server.render({})) == {"met": "FileNotFoundError"}


def test_rendering_code_changes_nothing(tmp_path: Path) -> None:
    with jailed(
        tmp_path,
        """
        tried = {
            "truncate": met(lambda: os.truncate(__file__, 0)),
            "unlink": met(lambda: os.unlink(__file__)),
            "make": met(lambda: os.mkdir(__file__ + ".d")),
            "at the root": met(lambda: os.mkdir("/new")),
        }
        return {"meta.json": tried}
        """,
    ) as server:
        assert set(told(server.render({})).values()) == {"OSError"}


RIGHTS = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        held = (ctypes.c_uint32 * 6)()
        libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), held)
        writable = 1 << 5 | 1 << 12
        def remounted():
            return libc.mount(None, payload["model"].encode(), None, ctypes.c_ulong(writable), None) == 0
        before = remounted()
        nested = libc.unshare(0x10000000 | 0x20000) == 0
        return {"meta.json": {"held": list(held), "writable": before, "writable in a namespace of its own": remounted()}}
"""


def test_rendering_code_has_no_right_to_undo_this(tmp_path: Path) -> None:
    with jailed(tmp_path, RIGHTS) as server:
        met = told(server.render({"model": str(tmp_path / "model")}))
    assert met == {"held": [0] * 6, "writable": False, "writable in a namespace of its own": False}


def test_nobody_outside_is_there_to_be_signalled_and_the_server_ignores_it(tmp_path: Path) -> None:
    with jailed(
        tmp_path,
        """
        for number in (15, 2, 9):
            os.kill(1, number)
        return {"meta.json": {"parent": os.getppid(), "outside": met(lambda: os.kill(payload["pid"], 0))}}
        """,
    ) as server:
        for _ in range(2):
            assert told(server.render({"pid": server.pid})) == {"parent": 1, "outside": "ProcessLookupError"}


def test_nothing_that_a_rendering_started_outlives_it(tmp_path: Path) -> None:
    """A session of its own hides it from its group. Only root's processes can be started in the first place."""
    with jailed(
        tmp_path,
        """
        try:
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                import time
                time.sleep(60)
        except BlockingIOError:
            pass
        return {"meta.json": {}}
        """,
    ) as server:
        before = family(server)
        assert [told(server.render({})) for _ in range(2)] == [{}, {}]
        assert family(server) == before


@pytest.mark.parametrize("way", ["terminate", "kill"])
def test_nothing_outlives_the_runtime(tmp_path: Path, way: str) -> None:
    with jailed(tmp_path, "return {'meta.json': {}}") as server:
        started = family(server)
        assert started
        getattr(psutil.Process(server.pid), way)()
        _, alive = psutil.wait_procs(started, timeout=20)
        assert not alive


def test_a_rendering_that_is_late_ends_with_what_it_started(tmp_path: Path) -> None:
    with jailed(tmp_path, "import time\nif os.getuid() == 3333: os.fork()\ntime.sleep(60)", wall=1) as server:
        before, began = family(server), time.monotonic()
        assert server.render({})["error"]["slug"] == "render-limit"
        assert time.monotonic() - began < 30
        assert family(server) == before


def test_without_the_means_it_renders_and_says_so(tmp_path: Path) -> None:
    with jailed(tmp_path, "return {'meta.json': {'pid': os.getppid()}}", means=False) as server:
        assert told(server.render({})) == {"pid": server.pid}
        assert server.ready["unjailed"]
        assert family(server) == []


LACKING = """
import logging, pathlib
logging.basicConfig(level="INFO", format="%(message)s")
from fedpact.gateway_agent.adapters.secure_runtime import SecureRuntimes
SecureRuntimes.found(pathlib.Path("/nowhere"))
"""


def test_the_agents_log_tells_where_the_means_are_missing() -> None:
    argv = [sys.executable, "-c", WITHOUT_MEANS, "-c", LACKING]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.startswith("renderings are not jailed: ")


def test_folders_are_named_from_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with jailed(Path(), "return {'meta.json': {'found': bool(template_folder)}}", templates="model") as server:
        assert told(server.render({})) == {"found": True}
