"""A folder whose streams and databases are of different moments is refused."""

import shutil
from pathlib import Path

import pytest

from fedpact.infra import moments
from fedpact.infra.errors import OutOfStepError
from fedpact.infra.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A folder that was started three times."""
    made = Layout(tmp_path)
    for _ in range(3):
        moments.mark(made)
    return made


def test_a_folder_goes_on_where_it_stopped(layout: Layout) -> None:
    moments.check(layout)


def test_a_new_folder_begins(tmp_path: Path) -> None:
    moments.check(Layout(tmp_path))


@pytest.mark.parametrize("which", ["jetstream", "databases"])
def test_one_that_was_removed_is_noticed(layout: Layout, which: str) -> None:
    shutil.rmtree(getattr(layout, which))
    with pytest.raises(OutOfStepError, match=r"no start that is known.*from the same backup.*rm -r"):
        moments.check(layout)


@pytest.mark.parametrize("which", ["jetstream", "databases"])
def test_one_that_was_restored_alone_is_noticed(layout: Layout, tmp_path: Path, which: str) -> None:
    shutil.copytree(getattr(layout, which), tmp_path / "backup")
    moments.mark(layout)
    shutil.rmtree(getattr(layout, which))
    shutil.copytree(tmp_path / "backup", getattr(layout, which))
    with pytest.raises(OutOfStepError, match=r"start [34] and the databases of start [34]"):
        moments.check(layout)


def test_both_restored_from_one_backup_are_welcome(layout: Layout, tmp_path: Path) -> None:
    for which in ("jetstream", "databases"):
        shutil.copytree(getattr(layout, which), tmp_path / "backup" / which)
    moments.mark(layout)
    for which in ("jetstream", "databases"):
        shutil.rmtree(getattr(layout, which))
        shutil.copytree(tmp_path / "backup" / which, getattr(layout, which))
    moments.check(layout)


def test_a_start_that_was_cut_off_while_it_marked_is_made_up_for(layout: Layout) -> None:
    (layout.root / f"{moments.MARK}.part").touch()
    (layout.jetstream / moments.MARK).write_text("4")
    moments.check(layout)
    moments.mark(layout)
    moments.check(layout)
