"""What a user's type checker says about a user's program: the right one passes, and each wrong line is found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RIGHT = """
from pathlib import Path

from fedpact.client import Activation, AsyncFedpact, Fedpact, Job, Resources, Spec, connect, connect_async, pact
from fedpact.client.hub import Hub
from fedpact.contracts.api import JobView, MetricsView, SpecSummary, SpecView, TimelineEntry


def waits() -> tuple[Path, ...]:
    with connect(url="http://127.0.0.1:7070") as fp:
        spec: Spec[Hub] = fp.specs.create(pact("logreg@0.1.0", ["a_b_c"], clients=Resources(cpu=2)), spec_id="s-1")
        approved: SpecView = spec.wait("approved", timeout=5)
        rows: list[SpecSummary] = list(fp.specs.every())
        with spec.activated(timeout=60) as act:
            job: Job[Hub] = act.submit({"num_rounds": 5}, job_id="j-1")
            done: JobView = job.wait()
            metrics: MetricsView = job.metrics()
        print(approved.status, done.status, metrics.points, rows)
        return job.download("results", "model.json")


async def awaits(fp: AsyncFedpact) -> None:
    spec = await fp.specs.create(pact("logreg@0.1.0", ["a_b_c"]))
    async with spec.activated() as act:
        job = await act.submit({"num_rounds": 5})
        done: JobView = await job.wait(timeout=60)
        metrics: MetricsView = await job.metrics()
    async for entry in fp.events():
        seen: TimelineEntry = entry
        print(done, metrics, seen)
    rows: list[SpecSummary] = [row async for row in fp.specs.every()]
    print(rows)


async def main() -> None:
    async with connect_async() as fp:
        await awaits(fp)
"""
WRONG = """
from fedpact.client import AsyncFedpact, Fedpact, pact


def waits(fp: Fedpact) -> None:
    fp.specs.get(1)  # arg-type
    fp.specs.get(spec="s-1")  # call-arg
    fp.specs.get("s-1").stage.nonsense  # attr-defined
    fp.specs.wait("s-1", "asleep")  # arg-type
    fp.jobs.submit("s-1", {"a": object()})  # dict-item
    fp.specs.create("logreg")  # arg-type
    fp.nonsense  # attr-defined


async def awaits(fp: AsyncFedpact) -> None:
    fp.specs.get("s-1").stage  # attr-defined
    fp.specs.get("s-1")  # unused-coroutine
    with fp.specs.activated("s-1"):  # misc
        pass
    for row in fp.specs.every():  # attr-defined
        pass
"""


def checked(folder: Path, program: str) -> "subprocess.CompletedProcess[str]":
    """What mypy, strict, says of a program outside this project that has the client installed."""
    (folder / "program.py").write_text(program)
    (folder / "mypy.ini").write_text("[mypy]\nstrict = True\n")
    argv = [
        sys.executable,
        "-m",
        "mypy",
        "--no-error-summary",
        "--cache-dir",
        str(ROOT / ".mypy_cache" / "users"),
        "program.py",
    ]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=110)


@pytest.mark.timeout(120)
def test_a_program_that_is_right_is_right(tmp_path: Path) -> None:
    said = checked(tmp_path, RIGHT)
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.timeout(120)
def test_every_wrong_line_is_found_and_no_other(tmp_path: Path) -> None:
    said = checked(tmp_path, WRONG).stdout
    found = {
        (int(line), code)
        for line, code in re.findall(r"^program\.py:(\d+): error: .*\[([a-z-]+)\]$", said, re.MULTILINE)
    }
    meant = {(n, line.split("# ")[1]) for n, line in enumerate(WRONG.splitlines(), 1) if "# " in line}
    assert found == meant
