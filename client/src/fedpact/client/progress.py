"""
How a wait is shown to whoever sits there: a line that changes, in a terminal or in a notebook, and nothing elsewhere.

Waits are shown on stderr, so that a program's output stays its own. What is shown holds names that other people chose,
so it is text to a terminal and escaped to a browser.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from html import escape
from importlib import import_module
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

from fedpact.client.texts import clean


class Progress(Protocol):
    """One wait, watched."""

    def show(self, text: str) -> None:
        """Tell how it stands."""

    def done(self) -> None:
        """It is over; may be told without anything shown before."""


Watcher = Callable[[], Progress]
"""Makes the progress of each wait."""


class Quiet:
    """Nobody watches."""

    def show(self, text: str) -> None:
        del text

    def done(self) -> None:
        return


class Spinner:
    """A line of the terminal, gone when the wait is over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None

    def show(self, text: str) -> None:
        line = Text(clean(text))
        if self._status is None:
            self._status = self._console.status(line)
            self._status.start()
        else:
            self._status.update(line)

    def done(self) -> None:
        if self._status is not None:
            self._status.stop()


class Cell:
    """A line below a notebook's cell, which stays and says how it ended."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._shown: Any = None
        self._text = ""

    def show(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        told = {"text/plain": clean(text), "text/html": f"<code>{escape(clean(text))}</code>"}
        if self._shown is None:
            self._shown = self._display(told, raw=True, display_id=True)
        else:
            self._shown.update(told, raw=True)

    def done(self) -> None:
        return


def quiet() -> Progress:
    return Quiet()


def automatic(stderr: TextIO | None = None) -> Progress:
    """What fits where this runs."""
    display = _notebook()
    if display is not None:
        return Cell(display)
    screen = stderr or sys.stderr
    if screen is not None and screen.isatty():
        return Spinner(Console(file=screen))
    return Quiet()


def _notebook() -> Callable[..., Any] | None:
    """IPython's `display`, in a notebook's kernel."""
    with suppress(KeyError, AttributeError):
        shell = sys.modules["IPython"].get_ipython()
        if shell is not None and hasattr(shell, "kernel"):
            found: Callable[..., Any] = import_module("IPython.display").display
            return found
    return None
