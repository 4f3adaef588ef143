"""`fedpact events` and `fedpact commands`: what happens, and what became of what one asked for."""

from typing import Annotated

import typer

from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.output import line
from fedpact.client.cli.session import Session
from fedpact.contracts.api import EventQuery

events = noun("What happens in the federation, as far as you may see it.")
commands = noun("What became of what you asked for.")


@verb(events)
def tail(
    cli: Session,
    spec: Annotated[str | None, typer.Option(help="Only what is about this spec.")] = None,
    correlation: Annotated[str | None, typer.Option(help="Only what one command brought about.")] = None,
    count: Annotated[int | None, typer.Option("-n", "--count", min=1, help="End after so many.")] = None,
) -> None:
    """Print events as they happen, one a line, until Ctrl-C."""
    query = EventQuery(spec=spec, correlation=correlation)
    gap = "some events were missed and are not told again: read what you follow anew"
    with cli.fedpact() as fp:
        for number, entry in enumerate(fp.events(query, on_gap=lambda: cli.note(gap)), 1):
            typer.echo(line(entry, cli.output))
            if number == count:
                return


@verb(commands)
def get(
    cli: Session,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="The command's id.", show_default=False)],
) -> None:
    """What became of a command."""
    with cli.fedpact() as fp:
        cli.show(fp.command(command))
