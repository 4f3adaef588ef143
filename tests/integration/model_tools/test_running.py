"""`fedpact models run` trains as a federation would, and leaves nothing but its results."""

import asyncio
import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from model_folders import FEDPACT, begun, fedpact
from servers import until

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the runs of one test alone. Its name is short, for the sockets below it."""
    with tempfile.TemporaryDirectory(prefix="fp-") as made:
        monkeypatch.setenv("TMPDIR", made)
        yield Path(made)


def workloads(scratch: Path) -> set[int]:
    """FLARE processes of runs in that folder."""
    found = set()
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if "nvflare" in words and f"{scratch}/" in words:
            found.add(process.info["pid"])
    return found


def nothing_left(scratch: Path) -> bool:
    return workloads(scratch) == set() and list(scratch.iterdir()) == []


def run(folder: Path, *more: str, code: int = 0) -> str:
    north, south = "mine/examples/north.csv", "mine/examples/south.csv"
    done = fedpact(folder, "models", "run", "--model", "mine", "--data", north, south, *more)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_new_model_trains_as_it_is(tmp_path: Path, scratch: Path) -> None:
    made = begun(tmp_path)
    said = run(tmp_path)
    model = json.loads((tmp_path / "runs/mine-1/model.json").read_text())
    rows = np.vstack([np.loadtxt(path, delimiter=",", skiprows=1) for path in sorted(made.glob("examples/*.csv"))])
    standard = (rows[:, :2] - rows[:, :2].mean(axis=0)) / rows[:, :2].std(axis=0)
    best, *_ = np.linalg.lstsq(np.column_stack([np.ones(len(rows)), standard]), rows[:, 2], rcond=None)
    weights = [model["intercept"], model["weights"]["age"], model["weights"]["dose"]]
    assert np.allclose(weights, best, atol=0.1)
    assert [f"round {n:<4} loss=" in said for n in range(1, 12)] == [True] * 10 + [False]
    assert f"results    in {tmp_path}/runs/mine-1" in said
    logs = sorted(path.name for path in (tmp_path / "runs/mine-1/logs").iterdir())
    assert logs == ["server.log", "site-1-1.log", "site-2-1.log"]
    assert workloads(scratch) == set()


def test_a_custodians_terms_hold_and_its_refusal_is_told(tmp_path: Path, scratch: Path) -> None:
    begun(tmp_path)
    (tmp_path / "terms.yaml").write_text("privacy: {min_count: 50}\n")
    said = run(tmp_path, "--terms", "terms.yaml", code=1)
    assert "site `site-2-1`: the table has fewer rows than the custodian's `min_count` of 50" in said
    assert "runs/mine-1/logs" in said
    assert workloads(scratch) == set()


def test_what_the_code_of_a_site_failed_with_is_told_with_its_place(tmp_path: Path) -> None:
    edit = ("src/mine/executor.py", "/ stddev\n", '/ stddev\n        request["nothing"]\n')
    made = begun(tmp_path, edit)
    said = run(tmp_path, code=1)
    assert f"`site-1-1` ended with KeyError: 'nothing' at {made}/src/mine/executor.py:" in said


def test_who_interrupts_a_run_leaves_nothing_of_it(tmp_path: Path, scratch: Path) -> None:
    begun(tmp_path)
    words = ["models", "run", "--model", "mine", "--data", "mine/examples/north.csv"]
    heard = []
    with subprocess.Popen(
        [FEDPACT, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            heard.append(line)
            if line.startswith("connected"):
                process.send_signal(signal.SIGINT)
    assert process.returncode != 0
    assert [line.split()[0] for line in heard if line.startswith(("connected", "done"))] == ["connected"], heard
    assert workloads(scratch) == set()


def test_a_payload_beyond_the_custodians_bounds_does_not_reach_the_model(tmp_path: Path) -> None:
    begun(tmp_path)
    bounds = {
        "type": "object",
        "properties": {"target": {"type": "string"}, "num_rounds": {"type": "integer", "maximum": 3}},
    }
    (tmp_path / "terms.json").write_text(json.dumps({"bounds": bounds}))
    said = run(tmp_path, "--terms", "terms.json", code=1)
    assert "`num_rounds`" in said
    assert "connected" not in said


def test_who_kills_a_run_leaves_neither_processes_nor_keys_of_it(tmp_path: Path, scratch: Path) -> None:
    begun(tmp_path)
    words = ["models", "run", "--model", "mine", "--data", "mine/examples/north.csv", "mine/examples/south.csv"]
    with subprocess.Popen([FEDPACT, *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("connected"):
                assert len(workloads(scratch)) >= 3
                process.kill()

    async def clean() -> bool:
        return nothing_left(scratch)

    asyncio.run(until(clean, 60.0))
