"""`fedpact specs`: propose pacts, activate them, see why they are where they are."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import JsonValue

from fedpact.client.cli import completion
from fedpact.client.cli.choices import Key, Page, PageSize, Timeout, Wait, parameters
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.output import Format, line
from fedpact.client.cli.session import Session
from fedpact.client.cli.standing import standing
from fedpact.client.documents import as_document, as_object, read_value
from fedpact.client.errors import InputError
from fedpact.client.specs import TIMEOUT
from fedpact.client.texts import clean
from fedpact.contracts.api import SpecQuery, SpecView
from fedpact.contracts.pact import Limit, SpecContent
from fedpact.contracts.specs import Stage, Verdict

app = noun("Compute specs: what may run where, and its activations.")
Spec = Annotated[
    str,
    typer.Argument(metavar="SPEC", help="The spec's id.", show_default=False, autocompletion=completion.specs),
]
Generation = Annotated[int | None, typer.Option(min=0, help="Refuse when somebody else was faster.")]
Cpu = Annotated[float | None, typer.Option(min=0, help="Cores of each.")]
Gpu = Annotated[int | None, typer.Option(min=0, help="GPUs of each.")]
Memory = Annotated[int | None, typer.Option(min=1, help="Memory of each in MB.")]


class Category(StrEnum):
    ACTIVE = "active"
    UPDATING = "updating"
    INACTIVE = "inactive"
    FAILED = "failed"


class Goal(StrEnum):
    APPROVED = "approved"
    ACTIVE = "active"
    INACTIVE = "inactive"


@verb(app)
def create(
    cli: Session,
    *,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="The whole content in YAML or JSON.")] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="A dataset's id; repeat it for more.", autocompletion=completion.datasets)
    ] = None,
    model: Annotated[str | None, typer.Option(help="As ID@VERSION.", autocompletion=completion.versions)] = None,
    client_cpu: Cpu = None,
    client_gpu: Gpu = None,
    client_memory: Memory = None,
    server_cpu: Cpu = None,
    server_gpu: Gpu = None,
    server_memory: Memory = None,
    clients_per_gateway: Annotated[int | None, typer.Option(min=1, max=8, help="Clients at each gateway.")] = None,
    require: Annotated[
        list[Limit] | None, typer.Option(help="A limit that every gateway has to enforce; repeat it for more.")
    ] = None,
    params: Annotated[
        str | None, typer.Option("--parameters", help="Parameters that bind every payload: JSON, or @FILE.")
    ] = None,
    spec_id: Annotated[str | None, typer.Option("--id", help="Your choice of its id.")] = None,
    key: Key = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Propose a pact. What the options say replaces what the file says."""
    clients = {"cpu": client_cpu, "gpu": client_gpu, "memory": client_memory}
    server = {"cpu": server_cpu, "gpu": server_gpu, "memory": server_memory}
    said = {
        "datasets": dataset or None,
        "model": _model(model) if model else None,
        "clients_per_gateway": clients_per_gateway,
        "parameters": parameters(params, "--parameters") if params else None,
    }
    demand = {"clients": _said(clients), "server": _said(server), "enforced": require or None}
    content = _content(as_object(read_value(file), str(file)) if file else {}, said, demand)
    with cli.fedpact() as fp:
        made = fp.specs.create(content, spec_id=spec_id, key=key)
        _tell(cli, fp.specs.wait(made.id, "approved", timeout=timeout) if wait else made.view)


@verb(app, "list")
def list_(
    cli: Session,
    *,
    status: Annotated[Category | None, typer.Option(help="Only these.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Search by a part of a dataset's id.")] = None,
    model: Annotated[str | None, typer.Option(help="Search by a part of the model's id.")] = None,
    spec: Annotated[str | None, typer.Option(help="Search by a part of the spec's id.")] = None,
    creator: Annotated[str | None, typer.Option(help="Search by the creator.")] = None,
    page: Page = 0,
    page_size: PageSize = 50,
) -> None:
    """Specs of your organization and on its datasets, newest first."""
    asked: dict[str, Any] = {"status": status, "dataset": dataset, "model": model, "spec": spec, "creator": creator}
    query = SpecQuery.model_validate(asked | {"page": page, "page_size": page_size})
    with cli.fedpact() as fp:
        cli.show(fp.specs.list(query))


@verb(app)
def get(cli: Session, spec: Spec) -> None:
    """One spec."""
    with cli.fedpact() as fp:
        cli.show(fp.specs.get(spec))


@verb(app)
def activate(
    cli: Session,
    spec: Spec,
    expected_generation: Generation = None,
    key: Key = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Provision the server and the clients."""
    with cli.fedpact() as fp:
        view = fp.specs.activate(spec, expected_generation=expected_generation, key=key)
        _tell(cli, fp.specs.wait(spec, "active", timeout=timeout) if wait else view)


@verb(app)
def deactivate(
    cli: Session,
    spec: Spec,
    expected_generation: Generation = None,
    key: Key = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Stop the activation and free what it holds."""
    with cli.fedpact() as fp:
        view = fp.specs.deactivate(spec, expected_generation=expected_generation, key=key)
        _tell(cli, fp.specs.wait(spec, "inactive", timeout=timeout) if wait else view)


@verb(app)
def clone(
    cli: Session,
    spec: Spec,
    new_id: Annotated[str | None, typer.Option("--id", help="Your choice of the new id.")] = None,
    key: Key = None,
    wait: Wait = False,
    timeout: Timeout = TIMEOUT,
) -> None:
    """The same content under a new id, to run in parallel."""
    with cli.fedpact() as fp:
        made = fp.specs.clone(spec, new_id=new_id, key=key)
        _tell(cli, fp.specs.wait(made.id, "approved", timeout=timeout) if wait else made.view)


@verb(app)
def why(cli: Session, spec: Spec) -> None:
    """Why the spec is where it is."""
    with cli.fedpact() as fp:
        cli.show(fp.specs.why(spec))


@verb(app)
def timeline(cli: Session, spec: Spec) -> None:
    """What happened to the spec, with times."""
    with cli.fedpact() as fp:
        cli.show(fp.specs.timeline(spec))


@verb(app)
def status(
    cli: Session,
    spec: Spec,
    watch: Annotated[bool, typer.Option("--watch", help="Print every change until the spec rests.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 1.0,
) -> None:
    """The status in one line, for example `active.running_idle`."""
    with cli.fedpact() as fp:
        last = ""
        while True:
            view = fp.specs.get(spec)
            if (text := _line(view, cli.output)) != last:
                typer.echo(text)
            if not watch or _rests(view):
                return
            last = text
            fp.hub.clock.sleep(every)


@verb(app)
def wait(
    cli: Session,
    spec: Spec,
    goal: Annotated[Goal, typer.Option("--for", help="What to wait for.")] = Goal.ACTIVE,
    timeout: Timeout = TIMEOUT,
) -> None:
    """Come back when the spec is what you wait for, or will not be by itself."""
    wanted: Literal["approved", "active", "inactive"] = goal.value
    with cli.fedpact() as fp:
        _tell(cli, fp.specs.wait(spec, wanted, timeout=timeout))


def _tell(cli: Session, spec: SpecView) -> None:
    cli.show(spec, standing(spec))


def _said(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _content(written: dict[str, JsonValue], said: dict[str, Any], demand: dict[str, Any]) -> SpecContent:
    """The content in the file, with what was said beside it."""
    merged: dict[str, Any] = written | _said(said)
    resources = dict(merged.get("resources") or {})
    for part, asked in demand.items():
        if asked:
            resources[part] = {**(resources.get(part) or {}), **asked} if isinstance(asked, dict) else asked
    if resources:
        merged["resources"] = resources
    if not merged:
        raise InputError("what is the pact about? give `--dataset` and `--model`, or `--file`")
    return as_document(SpecContent, merged, "the spec")


def _model(text: str) -> dict[str, str]:
    name, _, version = text.partition("@")
    if not name or not version:
        raise InputError(f"`{text}` does not say which version: give the model as ID@VERSION")
    return {"id": name, "version": version}


def _line(view: SpecView, form: Format) -> str:
    if form is not Format.TABLE:
        return line(view, form)
    return clean(f"{view.status}: {view.cause}" if view.cause else view.status)


def _rests(view: SpecView) -> bool:
    return view.stage in {Stage.IDLE, Stage.ACTIVE, Stage.INVALID} and view.verdict is not Verdict.PENDING
