"""What this distribution adds to the `fedpact` command: up, down, fill, demo, bus."""

import asyncio
import contextlib
import importlib.util
import signal
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, TypeVar

import psutil
import typer
from pydantic import BaseModel, ConfigDict, RootModel

from fedpact.chassis import bus_admin
from fedpact.chassis.errors import UnavailableError
from fedpact.client.cli.nouns import command, noun, verb
from fedpact.client.cli.output import Format
from fedpact.client.cli.session import Session
from fedpact.client.connecting import home
from fedpact.client.errors import InputError
from fedpact.infra import demo as story
from fedpact.infra import filling, holding, ports, setup, topology, welcome
from fedpact.infra import up as embedded
from fedpact.infra.bus_authority import ADMINISTRATOR
from fedpact.infra.demo_story import Report, StoryError
from fedpact.infra.embedded import Machine
from fedpact.infra.errors import (
    AlreadyRunningError,
    FolderError,
    MachineError,
    NoModelsError,
    NotRunningError,
    NotStartedError,
    NotStoppedError,
)
from fedpact.infra.federation import Federation, federation
from fedpact.infra.layout import Layout
from fedpact.infra.supervisor import NotReadyError

T = TypeVar("T")
GATEWAYS = 2
INTERRUPTED = 130
STOP_SECONDS = 60.0
Folder = Annotated[
    Path | None,
    typer.Option(help="Where the federation keeps its things; FEDPACT_HOME or `.fedpact` unless given."),
]
Models = Annotated[Path | None, typer.Option(help="A folder of model packages; the shipped ones unless given.")]
bus = noun("Streams and durables of the bus, with the administrator's key.")


class Stopped(BaseModel):
    """What `down` found and ended."""

    model_config = ConfigDict(frozen=True)

    folder: str
    stopped: bool
    ended: tuple[str, ...]


class Applied(BaseModel):
    """What is in place on the bus."""

    model_config = ConfigDict(frozen=True)

    streams: int
    durables: int


class Letter(BaseModel):
    """What became of a dead letter."""

    model_config = ConfigDict(frozen=True)

    consumer: str
    subject: str
    error: str
    outcome: str


class Letters(RootModel[tuple[Letter, ...]]):
    """Those that were there, oldest first."""


class Told(RootModel[Report]):
    """What the demo measured."""


@command
def up(
    cli: Session,
    folder: Folder = None,
    gateways: Annotated[
        int | None,
        typer.Option(min=1, max=8, help="How many custodians; as many as the folder has, or 2.", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The portal's port; the last, or 7070, if it is free.", show_default=False),
    ] = None,
    models: Models = None,
) -> None:
    """Start a whole federation on this machine and stay in the foreground."""
    packages = _packages(models)
    layout = _layout(cli, folder)
    if running := holding.running(layout):
        raise AlreadyRunningError(layout.root, running.url)
    before = setup.gateways_in(layout)
    members = federation(gateways or len(before) or GATEWAYS)
    try:
        layout.make()
        with holding.holding(layout):
            known = ports.remembered(layout.ports, ports.PORTAL)["portal"]
            machine = embedded.machine_in(layout.root, members, packages, port, usual=ports.PORTAL)
            moved = [] if port else _moved(known, machine.ports["portal"])
            for text in (*welcome.changes(layout, before, members), *moved):
                cli.note(text)
            cli.note(f"starting a hub, {len(members.custodians)} gateways and an orchestrator")
            _stay(cli, machine, members)
    except OSError as error:
        raise FolderError(layout.root, error) from error
    except (NotReadyError, TimeoutError) as error:
        raise NotStartedError(str(error) or "it took too long", layout.logs) from error


@command
def down(cli: Session, folder: Folder = None) -> None:
    """Stop the federation of a folder. What it keeps stays for the next `up`."""
    layout = _layout(cli, folder)
    supervisor = holding.supervisor(layout)
    if supervisor is not None:
        _stop(supervisor, layout)
    left = embedded.end_leftovers(layout)
    layout.remove_sockets()
    if left:
        cli.note(f"ended {len(left)} workloads that were still running")
    said = Stopped(folder=str(layout.root), stopped=supervisor is not None, ended=tuple(left))
    cli.show(said, "stopped" if supervisor else f"nothing runs in {layout.root}: `--folder` names another")


@command
def fill(cli: Session, folder: Folder = None, models: Models = None) -> None:
    """Give a running federation the demo's tables, models and signed policies."""
    done = filling.fill(_layout(cli, folder), _packages(models))
    cli.show(done, welcome.filled(done))


@command
def demo(
    cli: Session,
    *,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write what was measured there.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep everything there; a temporary folder unless given.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the federation running, for a look.")] = False,
    models: Models = None,
) -> None:
    """Two custodians, one scientist, one real federated training."""
    if json_file:
        story.writable(json_file)
    say = typer.echo if cli.output is Format.TABLE else cli.note
    try:
        report = story.run(folder, _packages(models), say, keep=keep)
    except StoryError as error:
        raise MachineError(str(error)) from error
    if json_file:
        story.write(report, json_file)
    cli.show(Told(report), f"done in {report.timings['all']:.0f} s")
    if report.leftovers:
        raise MachineError(f"left behind: {'; '.join(report.leftovers)}: end them by their process id")


@verb(bus, "apply")
def bus_apply(cli: Session, folder: Folder = None) -> None:
    """Create or update every stream and durable of a running federation."""
    layout = _layout(cli, folder)
    url, seed = _administrator(layout)
    durables = topology.durables(setup.sites_in(layout))

    async def work() -> None:
        async with bus_admin.administrating(url, seed) as js:
            await bus_admin.apply(js, topology.streams(), durables)

    _administrated(work())
    done = Applied(streams=len(topology.streams()), durables=len(durables))
    cli.show(done, f"{done.streams} streams and {done.durables} durables are in place")


@verb(bus, "rebuild")
def bus_rebuild(
    cli: Session,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose durables deliver from the start again.")],
    folder: Folder = None,
) -> None:
    """Have a read model's durables deliver everything anew, after its store was emptied."""
    url, seed = _administrator(_layout(cli, folder))
    mine = [durable for durable in topology.durables() if durable.name == service and durable.stream != "commands"]
    if not mine:
        raise InputError(f"`{service}` has no durables: it is one of {', '.join(s.name for s in topology.SERVICES)}")

    async def work() -> None:
        async with bus_admin.administrating(url, seed) as js:
            await bus_admin.begin_again(js, mine)

    _administrated(work())
    done = Applied(streams=len(mine), durables=len(mine))
    cli.show(done, f"{len(mine)} streams are delivered to {service} from the start")


@verb(bus, "redrive")
def bus_redrive(
    cli: Session,
    consumer: Annotated[
        str, typer.Argument(metavar="[CONSUMER]", help="Only what this service or site set aside.", show_default=False)
    ] = "*",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is there, and send nothing.")] = False,
    folder: Folder = None,
) -> None:
    """Have messages that were set aside delivered again, after their cause was fixed."""
    url, seed = _administrator(_layout(cli, folder))

    async def work() -> AsyncIterator[Letter]:
        async with bus_admin.administrating(url, seed) as js:
            for one in [letter async for letter in bus_admin.letters(js, consumer)]:
                outcome = "waits" if dry_run else await bus_admin.redrive(js, one) or "sent again"
                yield Letter(consumer=one.consumer, subject=one.subject, error=one.error, outcome=outcome)

    async def all_of_it() -> tuple[Letter, ...]:
        return tuple([letter async for letter in work()])

    found = _administrated(all_of_it())
    lines = [f"{one.consumer}: {one.subject}: {one.outcome} ({one.error})" for one in found]
    cli.show(Letters(found), "\n".join(lines) or "nothing was set aside")


def _administrated(work: Coroutine[None, None, T]) -> T:
    try:
        return asyncio.run(work)
    except UnavailableError as error:
        raise MachineError(f"{error}: `fedpact up` starts it") from error


def shipped_models() -> Path:
    """The folder of the model packages that come with the product."""
    found = importlib.util.find_spec("fedpact.models.logreg")
    if found is None or found.origin is None:
        raise NoModelsError("the shipped models are not installed: give a folder of model packages with `--models`")
    return Path(found.origin).parents[5]


def _packages(models: Path | None) -> Path:
    if models is None:
        return shipped_models()
    if not any(models.glob("*/model.yaml")):
        raise NoModelsError(f"`{models}` holds no model packages: name the folder whose folders hold a `model.yaml`")
    return models.resolve()


def _moved(before: int, now: int) -> list[str]:
    """What a portal elsewhere than before means."""
    if before == now:
        return []
    taken = f"port {before} is taken by {ports.holder_of(before)}"
    return [f"{taken}: the portal takes {now}, and everybody logs in again (`--port` chooses one)"]


def _stay(cli: Session, machine: Machine, members: Federation) -> None:
    started = welcome.started(machine.url("portal"), machine.layout, members)
    text = welcome.welcome(started, machine.models, Path.cwd())
    if not asyncio.run(embedded.serve(machine, members, cli.note, lambda: cli.show(started, text))):
        cli.note("stopped before everything was ready")
        raise typer.Exit(INTERRUPTED)


def _layout(cli: Session, folder: Path | None) -> Layout:
    return Layout((folder or home(cli.environ)).resolve())


def _stop(supervisor: psutil.Process, layout: Layout) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        supervisor.send_signal(signal.SIGTERM)
        try:
            supervisor.wait(STOP_SECONDS)
        except psutil.TimeoutExpired as error:
            raise NotStoppedError(supervisor.pid, STOP_SECONDS, layout.logs) from error


def _administrator(layout: Layout) -> tuple[str, Path]:
    running = holding.running(layout)
    if running is None:
        raise NotRunningError(layout.root)
    return running.nats, setup.key_of(layout, ADMINISTRATOR)
