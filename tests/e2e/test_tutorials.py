"""Every tutorial that begins in a running federation, followed word for word."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from federation_up import Up
from federation_world import process_of
from servers import wait_until
from tutorials import Terminal, blocks

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs/tutorials"
PAGES = ("first-result", "own-csv", "write-a-policy", "other-systems", "operate-a-gateway")
ELSEWHERE = {"own-model", "published-model"}
"""Tutorials that need no federation: tests/integration/docs follows them."""
every = pytest.mark.parametrize("name", PAGES)


@pytest.fixture
def undisturbed(up: Up) -> Iterator[Up]:
    """The federation; a page that breaks off leaves neither a silenced agent nor a veto to others."""
    try:
        yield up
    finally:
        process_of(up.layout, "fedpact-gateway-agent", "gateway-1").send_signal(signal.SIGCONT)
        (up.layout.site("gateway-1") / "trust" / "veto.json").unlink(missing_ok=True)


def test_no_tutorial_is_without_a_test() -> None:
    assert {page.stem for page in TUTORIALS.glob("*.md")} == {*PAGES, *ELSEWHERE}


@every
def test_a_tutorial_says_how_long_it_takes_and_who_follows_it(name: str) -> None:
    told = " ".join((TUTORIALS / f"{name}.md").read_text().split())
    assert "minutes" in told.split("## ")[0]
    assert "A test follows this page word for word" in told


@pytest.mark.timeout(900)
@every
def test_a_reader_gets_what_the_page_shows(name: str, undisturbed: Up, tmp_path: Path) -> None:
    environ = {"FEDPACT_HOME": str(undisturbed.layout.root), "REPOSITORY": str(ROOT)}
    began = time.monotonic()
    with Terminal(tmp_path, environ) as terminal:
        terminal.follow(TUTORIALS / f"{name}.md")
    print(f"{name} took {time.monotonic() - began:.1f} s")
    with undisturbed.world.user("ada") as ada:
        wait_until(lambda: not [spec for spec in ada.specs.every() if spec.status.startswith("active")])


@every
def test_every_tutorial_begins_with_the_same_federation(name: str) -> None:
    first = next(block for block in blocks(TUTORIALS / f"{name}.md") if block.language == "sh")
    assert first.lines[0].startswith("./run demo --keep --folder .fedpact")
