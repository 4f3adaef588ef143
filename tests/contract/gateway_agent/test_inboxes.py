"""What a folder for proposals tells of its entries."""

import os
from pathlib import Path

import pytest

from fedpact.gateway_agent.adapters.inbox_folder import InboxFolder
from fedpact.gateway_agent.domain.inbox import Found


@pytest.fixture
def inbox(tmp_path: Path) -> InboxFolder:
    folder = tmp_path / "inbox"
    (folder / "scans").mkdir(parents=True)
    (folder / "a.csv").write_text("x\n1\n")
    (tmp_path / "elsewhere.csv").write_text("secret\n")
    (folder / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    (folder / "link").symlink_to(folder / "scans")
    os.mkfifo(folder / "pipe")
    return InboxFolder(folder)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("scans", Found.FOLDER),
        ("a.csv", Found.FILE),
        ("link.csv", Found.OTHER),
        ("link", Found.OTHER),
        ("pipe", Found.OTHER),
        ("b.csv", Found.NOTHING),
    ],
)
async def test_an_entry_is_what_it_is_and_links_are_not_followed(inbox: InboxFolder, name: str, found: Found) -> None:
    assert await inbox.look(name) is found


async def test_an_inbox_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert await InboxFolder(tmp_path / "gone").look("a.csv") is Found.NOTHING


def test_a_folders_entry_keeps_its_slash(inbox: InboxFolder) -> None:
    assert inbox.path("scans/") == f"{inbox.folder}/scans/"
