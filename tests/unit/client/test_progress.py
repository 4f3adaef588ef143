"""Waits are shown to whoever sits there, in a form that names of other people cannot break."""

import io

import pytest
from client_portal import PORTAL, FakePortal, FakeTime, job, options
from rich.console import Console

from fedpact.client import Fedpact, Options
from fedpact.client.progress import Cell, Quiet, Spinner, automatic

HOSTILE = "<img src=x onerror=alert(1)> \x1b[31m[red]\u202e"


class Watched:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.ended = 0

    def show(self, text: str) -> None:
        self.shown.append(text)

    def done(self) -> None:
        self.ended += 1


class Shown:
    """What IPython's `display` gives back, and what it was given."""

    def __init__(self) -> None:
        self.bundles: list[dict[str, str]] = []

    def __call__(self, bundle: dict[str, str], **_: object) -> "Shown":
        self.bundles.append(bundle)
        return self

    def update(self, bundle: dict[str, str], **_: object) -> None:
        self.bundles.append(bundle)


def watched(portal: FakePortal) -> tuple[Fedpact, Watched]:
    seen, plain = Watched(), options(portal, FakeTime())
    return Fedpact(PORTAL, "t", Options(transport=plain.transport, clock=plain.clock, progress=lambda: seen)), seen


def test_a_wait_tells_how_it_stands_and_ends() -> None:
    fp, seen = watched(FakePortal().on("GET", "/v1/jobs/j-1", job(), job(status="completed")))
    fp.jobs.wait("j-1")
    assert seen.shown == ["job j-1: running", "job j-1: completed"]
    assert seen.ended == 1


def test_it_ends_when_the_wait_fails_too() -> None:
    fp, seen = watched(FakePortal().on("GET", "/v1/jobs/j-1", job(status="failed")))
    with pytest.raises(Exception, match="failed"):
        fp.jobs.wait("j-1")
    assert seen.ended == 1


def test_nobody_is_shown_anything_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = automatic()
    progress.show("job j-1: running")
    progress.done()
    assert isinstance(progress, Quiet)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_spinner() -> None:
    assert isinstance(automatic(Terminal()), Spinner)


def test_a_hostile_name_does_not_command_the_terminal() -> None:
    screen = io.StringIO()
    spinner = Spinner(Console(file=screen, force_terminal=True, color_system=None, width=200))
    spinner.show(HOSTILE)
    spinner.show(f"{HOSTILE}!")
    spinner.done()
    assert "[red]" in screen.getvalue()
    assert "\x1b[31m" not in screen.getvalue()
    assert "\u202e" not in screen.getvalue()


def test_a_cell_shows_each_change_once_in_the_same_place() -> None:
    shown = Shown()
    cell = Cell(shown)
    for text in ("a", "a", "b"):
        cell.show(text)
    cell.done()
    assert [bundle["text/plain"] for bundle in shown.bundles] == ["a", "b"]


def test_a_hostile_name_is_text_in_a_cell() -> None:
    shown = Shown()
    Cell(shown).show(HOSTILE)
    assert "<img" not in shown.bundles[0]["text/html"]
    assert "&lt;img" in shown.bundles[0]["text/html"]
