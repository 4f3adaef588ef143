"""What the documents tell programs to do, done."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from federation_up import Up

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "data-scientist.md"


def programs(page: Path, heading: str) -> list[str]:
    """The Python blocks of one section."""
    section = page.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(480)
def test_the_programs_for_data_scientists_do_what_they_say(up: Up, tmp_path: Path) -> None:
    """The federation of the tests calls its table `breast-cancer`; nothing else is changed."""
    found = programs(PAGE, "The same in Python")
    assert len(found) == 2
    for program in found:
        text = program.replace('"cohort_', '"breast-cancer_')
        argv = [sys.executable, "-W", "error", "-c", text]
        run = subprocess.run(
            argv, cwd=tmp_path, env=up.environ("ada"), capture_output=True, text=True, check=False, timeout=180
        )
        assert (run.returncode, run.stderr) == (0, "")
        assert (tmp_path / "results" / "model.json").exists()
    with up.world.user("ada") as ada:
        jobs = [job.status for job in ada.jobs.every() if job.spec_id == "heart-2"]
        assert jobs == ["completed", "completed"]
        assert not ada.specs.get("heart-2").status.startswith("active")
