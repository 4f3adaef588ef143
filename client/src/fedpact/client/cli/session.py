"""What every command gets, and the one way a command ends badly: one sentence on stderr and a documented exit code."""

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer
from pydantic import BaseModel, ValidationError

from fedpact.client.cli.output import Format, more_pages, rendered
from fedpact.client.connecting import Connecting
from fedpact.client.documents import first_problem
from fedpact.client.errors import FedpactError, InputError, NotLoggedInError, TimedOutError, UnreachableError
from fedpact.client.fedpact import Fedpact
from fedpact.client.hub import Options
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
"""0 is success, 1 a refusal or a failure, 2 a wrong use of the command. The first that fits counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of the command."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    options: Options = field(default_factory=Options)
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
        _end(_sentence(error), EXIT_CODES[InputError], debug=debug)


def code_of(error: DomainError) -> int:
    """The exit code of an error."""
    return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))


def _end(reason: str, code: int, *, debug: bool) -> None:
    if debug:
        typer.echo(traceback.format_exc(), err=True)
    typer.echo(f"fedpact: {clean(reason)}", err=True)
    raise typer.Exit(code)


def _sentence(error: ValidationError) -> str:
    member, text = first_problem(error)
    return f"`{member}` is wrong: {text}" if member else f"this is wrong: {text}"
