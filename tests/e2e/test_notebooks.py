"""Every notebook of the documentation runs as it is written, in a kernel of its own, and is committed without outputs."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from federation_up import Up
from servers import BIN

NOTEBOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))
SECONDS = 100
every = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def executed(notebook: Path, up: Up, folder: Path) -> dict[str, Any]:
    """The notebook after all of its cells ran, in `folder`, in a process and with settings of its own."""
    copy, done = folder / notebook.name, folder / "done.ipynb"
    shutil.copy(notebook, copy)
    environ = {**up.environ("ada"), "HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    argv = [str(BIN / "jupyter-execute"), copy.name, "--output", done.name, "--timeout", str(SECONDS)]
    run = subprocess.run(
        argv, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=2 * SECONDS
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(done.read_text())
    return found


@every
def test_it_is_committed_as_it_was_written(notebook: Path) -> None:
    """Outputs would go stale, and tell about the machine they were made on."""
    found = json.loads(notebook.read_text())
    assert [cell for cell in found["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
    assert found["metadata"].keys() <= {"kernelspec", "language_info"}
    assert not re.search(r"/(?:home|Users|root|work|tmp)/", notebook.read_text())


@pytest.mark.timeout(480)
@every
def test_it_runs_to_its_end(notebook: Path, up: Up, tmp_path: Path) -> None:
    began = time.monotonic()
    done = executed(notebook, up, tmp_path)
    print(f"{notebook.name} ran in {time.monotonic() - began:.1f} s")
    shown = [output for cell in done["cells"] for output in cell.get("outputs", ())]
    assert any("text/html" in output.get("data", {}) for output in shown)
    assert "federated accuracy" in str(shown) or notebook.stem != "first-result"
    with up.world.user("ada") as ada:
        assert [spec.spec_id for spec in ada.specs.every() if spec.status.startswith("active")] == []
