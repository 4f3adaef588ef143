"""What this distribution adds to the `fedpact` command: up, down, demo, bus."""

import asyncio
import contextlib
import importlib.util
import signal
from pathlib import Path
from typing import Annotated, NoReturn

import psutil
import typer

from fedpact.chassis import bus_admin
from fedpact.client.errors import FedpactError
from fedpact.infra import demo as story
from fedpact.infra import setup, topology
from fedpact.infra import up as embedded
from fedpact.infra.demo_story import StoryError
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout
from fedpact.infra.setup import ADMINISTRATOR
from fedpact.infra.supervisor import NotReadyError

FOLDER = Path(".fedpact")
STOP_SECONDS = 60.0
Folder = Annotated[Path, typer.Option(help="where the federation keeps its things")]
Models = Annotated[Path | None, typer.Option(help="folder of model packages; the shipped ones unless given")]
bus = typer.Typer(help="Streams and durables of the bus, with the administrator's key.", no_args_is_help=True)


def up(
    folder: Folder = FOLDER,
    gateways: Annotated[int, typer.Option(min=1, max=8, help="how many custodians")] = 2,
    models: Models = None,
) -> None:
    """Start a whole federation on this machine and stay in the foreground."""
    members = federation(gateways)
    if running := embedded.running(Layout(folder.resolve())):
        _fail(str(embedded.AlreadyRunningError(str(running["url"]))))
    try:
        machine = embedded.machine_in(folder, members, models or shipped_models())
    except OSError as error:
        _fail(f"`{folder}` cannot be used: {error.strerror or error}: give another with `--folder`")
    people = ", ".join(person.user for person in members.people)

    def say(text: str) -> None:
        typer.echo(text)
        if text.startswith("the portal"):
            typer.echo(f"log in:  fedpact login --user NAME   (one of {people})")
            typer.echo("stop:    fedpact down, or Ctrl-C")

    try:
        asyncio.run(embedded.serve(machine, members, say))
    except (NotReadyError, TimeoutError) as error:
        _fail(f"not everything became ready ({error or 'in time'}): see {machine.layout.logs}")


def down(folder: Folder = FOLDER) -> None:
    """Stop the federation of a folder. What it keeps stays for the next `up`."""
    layout = Layout(folder.resolve())
    running = embedded.running(layout)
    if running:
        _stop(psutil.Process(int(str(running["pid"]))))
    if left := embedded.end_leftovers(layout):
        typer.echo(f"ended {len(left)} workloads that were still running")
    typer.echo("stopped" if running else f"nothing runs in {folder}")


def demo(
    json_file: Annotated[Path | None, typer.Option("--json", help="write what was measured there")] = None,
    folder: Annotated[Path | None, typer.Option(help="keep everything there; a temporary folder unless given")] = None,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="leave the federation running, for a look")] = False,
    models: Models = None,
) -> None:
    """Two custodians, one scientist, one real federated training."""
    try:
        report = story.run(folder, models or shipped_models(), typer.echo, keep=keep)
    except (StoryError, FedpactError) as error:
        _fail(str(error))
    if json_file:
        story.write(report, json_file)
    typer.echo(f"done in {report.timings['all']:.0f} s")
    if report.leftovers:
        _fail("left behind: " + "; ".join(report.leftovers))


@bus.command("apply")
def bus_apply(folder: Folder = FOLDER) -> None:
    """Create or update every stream and durable of a running federation."""
    url, seed = _administrator(folder)
    durables = topology.durables(setup.sites_in(Layout(folder.resolve())))

    async def work() -> None:
        async with bus_admin.administrating(url, seed) as js:
            await bus_admin.apply(js, topology.streams(), durables)

    asyncio.run(work())
    typer.echo(f"{len(topology.streams())} streams and {len(durables)} durables are in place")


@bus.command("rebuild")
def bus_rebuild(
    service: Annotated[str, typer.Argument(help="whose durables deliver from the start again")], folder: Folder = FOLDER
) -> None:
    """Have a read model's durables deliver everything anew, after its store was emptied."""
    url, seed = _administrator(folder)
    mine = [durable for durable in topology.durables() if durable.name == service and durable.stream != "commands"]
    if not mine:
        _fail(f"`{service}` has no durables: it is one of {', '.join(s.name for s in topology.SERVICES)}")

    async def work() -> None:
        async with bus_admin.administrating(url, seed) as js:
            await bus_admin.begin_again(js, mine)

    asyncio.run(work())
    typer.echo(f"{len(mine)} streams are delivered to {service} from the start")


def shipped_models() -> Path:
    """The folder of the model packages that come with the product."""
    found = importlib.util.find_spec("fedpact.models.logreg")
    origin = found.origin if found else None
    if origin is None:
        _fail("the shipped models are not installed: give `--models FOLDER`")
    return Path(str(origin)).parents[5]


def _stop(supervisor: psutil.Process) -> None:
    supervisor.send_signal(signal.SIGTERM)
    with contextlib.suppress(psutil.NoSuchProcess):
        supervisor.wait(STOP_SECONDS)


def _administrator(folder: Path) -> tuple[str, Path]:
    layout = Layout(folder.resolve())
    running = embedded.running(layout)
    if running is None:
        _fail(f"nothing runs in {folder}: start it with `fedpact up`")
    return str(running["nats"]), layout.secrets / f"{ADMINISTRATOR}.seed"


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(1)
