"""The ported FLARE application is the same application, and costs what its page says."""

import difflib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from model_folders import begun, fedpact

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/how-to/port-nvflare.md").read_text()
BEFORE, AFTER = ROOT / "examples/port-nvflare/before", ROOT / "examples/port-nvflare/after"
SERVICE = AFTER / "secure_runtime/src/secure_runtime/secure_runtime_service.py"
ROW = re.compile(r"^\| `(?P<before>[^`]+)` \| `(?P<after>[^`]+)` \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
TOTAL = re.compile(r"^\| all \| \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def counted(before: str, after: str) -> tuple[int, int, int]:
    place = SERVICE.parent if after.startswith("templates/") else AFTER
    old, new = lines(BEFORE / before), lines(place / after)
    signs = [line[0] for line in difflib.ndiff(old, new)]
    return len(old), signs.count("-"), signs.count("+")


def test_every_line_that_changed_is_counted_on_the_page() -> None:
    rows = {row[1]: (row[2], tuple(map(int, row.groups()[2:]))) for row in ROW.finditer(PAGE)}
    assert set(rows) == {
        path.relative_to(BEFORE).as_posix()
        for path in BEFORE.rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {before: counted(before, after) for before, (after, _) in rows.items()} == {
        before: told for before, (_, told) in rows.items()
    }
    total = TOTAL.search(PAGE)
    assert total
    sums = np.sum([told for _, told in rows.values()], axis=0)
    assert list(map(int, total.groups())) == sums.tolist()
    assert f"Ten lines change of {sums[0]}" in PAGE
    assert sums[1] == 10


def test_the_new_files_are_as_long_as_the_page_says() -> None:
    assert f"(`model.yaml`, {len(lines(AFTER / 'model.yaml'))} lines)" in PAGE
    assert f"(`secure_runtime_service.py`, {len(lines(SERVICE))} lines)" in PAGE


def test_the_kit_is_that_of_the_shipped_models() -> None:
    kit = ROOT / "models/logreg/src/fedpact/models/logreg/kit"
    copied = sorted((AFTER / "src/numpy_port/kit").glob("*.py"))
    assert [path.name for path in copied] == ["__init__.py", "dal.py", "errors.py"]
    assert all(path.read_bytes() == (kit / path.name).read_bytes() for path in copied)


@pytest.mark.timeout(500)
def test_both_train_the_same_weights(tmp_path: Path) -> None:
    tables = begun(tmp_path) / "examples"
    data = tmp_path / "data"
    data.mkdir()
    for site, name in (("site-1", "north"), ("site-2", "south")):
        shutil.copyfile(tables / f"{name}.csv", data / f"{site}.csv")
    shutil.copytree(BEFORE, tmp_path / "job", ignore=shutil.ignore_patterns("__pycache__"))
    client = tmp_path / "job/app/config/config_fed_client.json"
    client.write_text(client.read_text().replace('"/data"', f'"{data}"'))
    nvflare = [str(Path(sys.executable).with_name("nvflare")), "simulator", "job", "-w", "ws", "-n", "2", "-t", "2"]
    done = subprocess.run(
        nvflare,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    before = list((tmp_path / "ws/server").rglob("server.npy"))
    assert before, done.stdout + done.stderr
    run = fedpact(
        tmp_path, "models", "run", "--model", str(AFTER), "--out", "out", "--data", "data/site-1.csv", "data/site-2.csv"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    weights = np.load(tmp_path / "out/models/server.npy")
    assert np.allclose(weights, np.load(before[0]), rtol=1e-6)
    assert weights[2] == pytest.approx(1.8 * (1 - 0.5**3), rel=0.05)
