"""What this distribution adds to the `fedpact models` command: init, check, run."""

import asyncio
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from fedpact.client.cli.choices import parameters
from fedpact.client.documents import read_document
from fedpact.model_tools import lifeline
from fedpact.model_tools.checking import Verdict, examine
from fedpact.model_tools.errors import RunRequestError
from fedpact.model_tools.pact import Terms
from fedpact.model_tools.running import Package, Run, Wanted
from fedpact.model_tools.starting import begin

HERE = Path()
MOST_SITES = 8
Model = Annotated[Path, typer.Argument(help="The folder that holds `model.yaml`.")]


def init(
    name: Annotated[str, typer.Argument(help="The model's id: a-z, 0-9 and single dashes.", show_default=False)],
    folder: Annotated[Path, typer.Option(help="Where its folder is made.")] = HERE,
) -> None:
    """Begin a model: a folder that checks, runs and trains as it is."""
    made = begin(name, folder)
    typer.echo(f"made {made}")
    typer.echo(f"check it:  fedpact models check {made}")
    typer.echo(
        f"run it:    fedpact models run --model {made} --data {made}/examples/north.csv {made}/examples/south.csv"
    )


def check(model: Model = HERE) -> None:
    """See whether the model in a folder is one that sites can run. Nothing is sent."""
    findings = examine(model.resolve())
    for finding in findings:
        typer.echo(finding.line)
    wrong = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    if wrong:
        typer.echo(f"{len(wrong)} of {len(findings)} checks found something", err=True)
        raise typer.Exit(1)
    typer.echo("ready to push")


def run(
    more: Annotated[list[Path] | None, typer.Argument(metavar="[DATA]...", help="More sites' data.")] = None,
    data: Annotated[
        list[Path] | None, typer.Option(help="One site's data: a file or a folder. Repeat it, or list the others.")
    ] = None,
    model: Annotated[Path, typer.Option(help="The folder that holds `model.yaml`.")] = HERE,
    payload: Annotated[
        str | None, typer.Option(help="JSON or YAML, or @FILE; the card's first example unless given.")
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(help="A file with the custodians' permissions, privacy and bounds.", show_default=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where results go; a new folder below `runs` unless given.")] = None,
) -> None:
    """Train the model on this machine as a federation would: one site per dataset, nothing sent anywhere."""
    package = Package.read(model)
    wanted = Wanted(
        package=package,
        payload=parameters(payload, "--payload") if payload is not None else _first_example(package),
        data=_sites([*(data or ()), *(more or ())]),
        terms=read_document(Terms, terms) if terms else Terms(),
    )
    place = _place(package, out)
    typer.echo(f"model      {package.card.id} {package.card.version}")
    results = asyncio.run(_through(wanted, place))
    typer.echo(f"results    in {place}")
    for name in results:
        typer.echo(f"  {name}")


async def _through(wanted: Wanted, place: Path) -> Sequence[str]:
    """Run it to its end, or to the person's."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with lifeline.removed(Path(tempfile.mkdtemp(prefix="fedpact-"))) as folder:
        return await Run(wanted=wanted, folder=folder, out=place, tell=typer.echo).through()


def _first_example(package: Package) -> dict[str, JsonValue]:
    if not package.card.examples:
        raise RunRequestError("the card has no example: give a payload with `--payload`")
    return dict(package.card.examples[0].payload)


def _sites(data: Sequence[Path]) -> list[Path]:
    if not data:
        raise RunRequestError("which data? give `--data` for each site, such as `--data north.csv south.csv`")
    if len(data) > MOST_SITES:
        raise RunRequestError(f"{len(data)} sites are too many for one machine: give at most {MOST_SITES}")
    for path in data:
        if not path.exists():
            raise RunRequestError(f"`{path}` is not there")
    return [path.resolve() for path in data]


def _place(package: Package, out: Path | None) -> Path:
    """A folder for the results, not inside the model's: its digest would change with every run."""
    inside = Path.cwd().is_relative_to(package.root)
    runs = (package.root.parent if inside else Path.cwd()) / "runs"
    number = 1
    while (runs / f"{package.card.id}-{number}").exists():
        number += 1
    if out and out.is_dir() and any(out.iterdir()):
        raise RunRequestError(f"`{out}` holds something already: results of two runs would mix, give another `--out`")
    place = out.resolve() if out else runs / f"{package.card.id}-{number}"
    if place.is_relative_to(package.root):
        raise RunRequestError(
            f"`{place}` lies in the model's folder, whose digest would change: choose another `--out`"
        )
    return place
