"""What `fedpact down` may end, and what `up` tells of itself."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from cli_runs import typed

from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout
from fedpact.infra.up import end_leftovers, names_folder
from fedpact.infra.welcome import started, welcome


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("/x/.fedpact", True),
        ("/x/.fedpact/sites/gateway-1", True),
        ("--workspace=/x/.fedpact/kit", True),
        ("/x/.fedpact2", False),
        ("/x/.fedpact-old/kit", False),
        ("/x/.fedpact.bak", False),
        ("/mnt/x/.fedpact", False),
    ],
)
def test_another_federations_folder_is_not_taken_for_this_ones(text: str, named: bool) -> None:
    assert names_folder(Path("/x/.fedpact"), text) is named


@contextmanager
def beside(*argv: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_workloads_are_ended_and_what_somebody_has_open_there_is_not(tmp_path: Path) -> None:
    wait = "print(flush=True); input()"
    with (
        beside("/bin/cat", cwd=tmp_path) as editor,
        beside(sys.executable, "-c", wait, cwd=tmp_path) as workload,
    ):
        assert workload.stdout is not None
        workload.stdout.readline()
        assert [line.split()[0] for line in end_leftovers(Layout(tmp_path))] == [str(workload.pid)]
        assert not psutil.pid_exists(workload.pid)
        assert editor.poll() is None


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = typed(["up", "--folder", str(tmp_path / "file")])
    assert (result.exit_code, "name a folder that you may write with `--folder`" in result.stderr) == (1, True)


@pytest.mark.parametrize(("folders", "named"), [(("cox", "statistics"), "statistics"), (("dose", "lasso"), "dose")])
def test_the_model_to_try_is_one_that_is_there(tmp_path: Path, folders: tuple[str, ...], named: str) -> None:
    for folder in folders:
        (tmp_path / "models" / folder).mkdir(parents=True)
        (tmp_path / "models" / folder / "model.yaml").touch()
    up = started("http://127.0.0.1:7070", Layout(tmp_path / ".fedpact"), federation(1))
    assert f"fedpact models push {tmp_path / 'models' / named} --as mia" in welcome(up, tmp_path / "models", tmp_path)
