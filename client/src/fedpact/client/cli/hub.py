"""`fedpact events` and `fedpact commands`: what happens, and what became of what one asked for."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Annotated

import typer

from fedpact.client.cli import completion
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.output import line
from fedpact.client.cli.session import Session
from fedpact.contracts.api import EventQuery, TimelineEntry

events = noun("What happens in the federation, as far as you may see it.")
commands = noun("What became of what you asked for.")


@verb(events)
def tail(
    cli: Session,
    *,
    spec: Annotated[
        str | None, typer.Option(help="Only what is about this spec and its jobs.", autocompletion=completion.specs)
    ] = None,
    job: Annotated[
        str | None, typer.Option(help="Only what is about this job.", autocompletion=completion.jobs)
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only these types; `jobs.*` is all of one kind. Repeat it for more."),
    ] = None,
    correlation: Annotated[str | None, typer.Option(help="Only what one command brought about.")] = None,
    count: Annotated[int | None, typer.Option("-n", "--count", min=1, help="End after so many.")] = None,
) -> None:
    """Print events as they happen, one a line, until Ctrl-C."""
    gap = "some events were missed and are not told again: read what you follow anew"
    with cli.fedpact() as fp:
        about = spec or (fp.jobs.get(job).spec_id if job else None)
        if about:
            fp.specs.get(about)  # a name that is nobody's would be listened for in vain
        query = EventQuery(spec=about, correlation=correlation)
        heard = fp.events(query, on_gap=lambda: cli.note(gap))
        for entry in islice((entry for entry in heard if _wanted(entry, kind or ["*"], job)), count):
            typer.echo(line(entry, cli.output))


def _wanted(entry: TimelineEntry, kinds: Sequence[str], job: str | None) -> bool:
    return (job is None or entry.job_id == job) and any(fnmatchcase(entry.type, kind) for kind in kinds)


@verb(commands)
def get(
    cli: Session,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="The command's id.", show_default=False)],
) -> None:
    """What became of a command."""
    with cli.fedpact() as fp:
        cli.show(fp.command(command))
