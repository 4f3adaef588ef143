"""What an embedded federation makes outside of its folder, it takes away again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import typed

from fedpact.client.cli.session import Session
from fedpact.infra.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    found = Layout(tmp_path / "federation")
    yield found
    found.remove_sockets()


def test_making_the_folders_makes_nothing_elsewhere(layout: Layout) -> None:
    layout.make()
    assert layout.logs.is_dir()
    assert not layout.sockets.exists()


def test_the_sockets_are_closed_to_others_and_go_with_whatever_is_left_there(layout: Layout) -> None:
    layout.make_sockets()
    assert layout.sockets.stat().st_mode & 0o777 == 0o700
    layout.agent_socket("gateway-1").touch()
    layout.remove_sockets()
    layout.remove_sockets()
    assert not layout.sockets.exists()


def test_a_federation_that_was_killed_is_cleared_away_by_down(layout: Layout) -> None:
    layout.make()
    layout.make_sockets()
    layout.agent_socket("gateway-1").touch()
    assert typed(["down"], Session(environ={"FEDPACT_HOME": str(layout.root)})).exit_code == 0
    assert not layout.sockets.exists()


def test_a_folder_that_others_can_enter_or_lead_elsewhere_is_not_used(layout: Layout, tmp_path: Path) -> None:
    layout.sockets.mkdir(mode=0o755)
    with pytest.raises(PermissionError, match="not closed to others"):
        layout.make_sockets()
    layout.sockets.rmdir()
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    layout.sockets.symlink_to(own)
    try:
        with pytest.raises(PermissionError, match="not closed to others"):
            layout.make_sockets()
        layout.remove_sockets()
        assert own.is_dir()
    finally:
        layout.sockets.unlink()
