"""Commands that start a federation, broken off while they do: quick, quiet, and nothing is left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

FEDPACT = Path(sys.executable).with_name("fedpact")
SECONDS = 60.0
pytestmark = pytest.mark.timeout(180)


@contextmanager
def typed(*words: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """`fedpact` with those words, in a process group of its own as in a terminal."""
    with subprocess.Popen(
        [FEDPACT, *words],
        env={**os.environ, "TMPDIR": str(folder)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def speaking_of(folder: Path) -> list[str]:
    found = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [" ".join(words) for words in found if any(str(folder) in word for word in words)]


def test_a_demo_that_is_told_to_end_leaves_no_process_and_no_key(tmp_path: Path) -> None:
    with typed("demo", folder=tmp_path) as demo:
        until(lambda: any(tmp_path.glob("fedpact-demo-*/secrets/*.seed")))
        demo.send_signal(signal.SIGTERM)
        said, _ = demo.communicate(timeout=SECONDS)
    assert (demo.returncode, said.splitlines()[1:]) == (
        130,
        ["broken off: every process is ended, and the folder with its keys is removed"],
    )
    assert (list(tmp_path.iterdir()), speaking_of(tmp_path)) == ([], [])


@pytest.mark.parametrize("begun", ["mongo.log", "identity.log"])
def test_ctrl_c_while_a_federation_starts_is_one_sentence(tmp_path: Path, begun: str) -> None:
    with typed("up", "--folder", str(tmp_path / "f"), folder=tmp_path) as up:
        until((tmp_path / "f" / "logs" / begun).exists)
        os.killpg(up.pid, signal.SIGINT)
        said, _ = up.communicate(timeout=SECONDS)
    assert (up.returncode, said.splitlines()[-1]) == (130, "stopped before everything was ready")
    assert "Traceback" not in said
    assert speaking_of(tmp_path) == []
