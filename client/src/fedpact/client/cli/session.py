"""What every command gets, and the one way a command ends badly: one sentence on stderr and a documented exit code."""

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer
from pydantic import BaseModel, JsonValue, RootModel, ValidationError

from fedpact.client.cli.output import Format, more_pages, rendered
from fedpact.client.connecting import Connecting
from fedpact.client.errors import FedpactError, InputError, NotLoggedInError, TimedOutError, UnreachableError
from fedpact.client.fedpact import Fedpact
from fedpact.client.given import told_of_files, unusable, wrong
from fedpact.client.hub import Options
from fedpact.client.progress import automatic
from fedpact.client.texts import clean
from fedpact.contracts.envelope import DomainError

EXIT_CODES: Mapping[type[DomainError], int] = {
    InputError: 2,
    NotLoggedInError: 3,
    UnreachableError: 4,
    TimedOutError: 5,
    FedpactError: 1,
    DomainError: 1,
}
"""Which error ends with which code. The first that fits counts."""
MEANING: Mapping[int, str] = {
    0: "done",
    1: "refused, or ended otherwise than asked for: the sentence on stderr says why and what to do",
    2: "wrong use of the command, or a file or value that is not what it has to be",
    3: "not logged in, or the login has ended",
    4: "the hub or the gateway cannot be reached, or cannot do it now: the same again later may work",
    5: "it did not happen in time, and still may",
    130: "ended with Ctrl-C",
}
"""What each exit code says to a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of the command."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    options: Options = field(default_factory=lambda: Options(progress=automatic))
    url: str | None = None
    profile: str | None = None
    output: Format = Format.TABLE
    debug: bool = False

    @property
    def connecting(self) -> Connecting:
        return Connecting(environ=self.environ, url=self.url, profile=self.profile, options=self.options)

    def fedpact(self) -> Fedpact:
        """The federation, as whoever is logged in."""
        return self.connecting.fedpact()

    def show(self, value: BaseModel, text: str | None = None) -> None:
        """Print the answer; `text` is how people are told it, where that is not a table."""
        if text is not None and self.output is Format.TABLE:
            typer.echo(clean(text))
            return
        typer.echo(rendered(value, self.output))
        if self.output is Format.TABLE and (more := more_pages(value)):
            self.note(more)

    def tell(self, text: str, **members: JsonValue) -> None:
        """Print a short answer: `text` to people, `members` to programs."""
        self.show(RootModel[dict[str, JsonValue]](members), text)

    def done(self, text: str, **members: JsonValue) -> None:
        """Say that it was done, where there is no answer: to people as a note, to programs as `members`."""
        if self.output is Format.TABLE:
            self.note(text)
        else:
            self.tell(text, **members)

    @staticmethod
    def note(text: str) -> None:
        """Tell the person something that is no part of the answer."""
        typer.echo(clean(text), err=True)


@contextmanager
def told(*, debug: bool) -> Iterator[None]:
    """Expected failures become one sentence and an exit code."""
    try:
        yield
    except DomainError as error:
        _end(error.reason, code_of(error), debug=debug)
    except ValidationError as error:
        _end(wrong(error).reason, EXIT_CODES[InputError], debug=debug)
    except OSError as error:
        if not told_of_files(error):
            raise
        _end(unusable(error).reason, EXIT_CODES[InputError], debug=debug)


def code_of(error: DomainError) -> int:
    """The exit code of an error."""
    return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))


def _end(reason: str, code: int, *, debug: bool) -> None:
    if debug:
        typer.echo(traceback.format_exc(), err=True)
    typer.echo(f"fedpact: {clean(reason)}", err=True)
    raise typer.Exit(code)
