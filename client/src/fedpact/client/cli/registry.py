"""`fedpact datasets`, `models` and `gateways`: what there is to compute on and with."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fedpact.client.cli import completion
from fedpact.client.cli.choices import File, Key, Page, PageSize
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.session import Session
from fedpact.client.connecting import embedded_sockets, home
from fedpact.client.custodian import ENVIRON, Custodian, absolute
from fedpact.client.documents import read_document
from fedpact.client.errors import InputError
from fedpact.client.packages import package_digest, read_card
from fedpact.contracts.api import NewProposal, PageQuery
from fedpact.contracts.registry import VersionRecord

datasets = noun("Datasets: seen at the hub, registered at their gateway, or proposed to it.")
models = noun("Models and their versions, each pinned by its digest.")
gateways = noun("Gateways: the custodians' sites.")
Dataset = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="`<name>_<gateway>_<org>`.", show_default=False, autocompletion=completion.datasets
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The first part of its id.", show_default=False)]
Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="The model's id.", show_default=False, autocompletion=completion.models),
]
Gateway = Annotated[
    str,
    typer.Argument(metavar="GATEWAY", help="The gateway's id.", show_default=False, autocompletion=completion.gateways),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds `model.yaml`.", show_default=False)]
Commit = Annotated[str, typer.Option(help="The commit it was built from.")]
Socket = Annotated[
    Path | None,
    typer.Option(help=f"The socket of the gateway's agent ({ENVIRON}).", show_default=False),
]


@verb(datasets, "list")
def list_datasets(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """Datasets of all custodians."""
    with cli.fedpact() as fp:
        cli.show(fp.datasets.list(PageQuery(page=page, page_size=page_size)))


@verb(datasets, "get")
def get_dataset(cli: Session, dataset: Dataset) -> None:
    """One dataset. Where it lies only its gateway knows."""
    with cli.fedpact() as fp:
        cli.show(fp.datasets.get(dataset))


@verb(datasets, "register")
def register_dataset(
    cli: Session,
    name: Name,
    path: Annotated[
        str,
        typer.Argument(
            help="Where it lies at the gateway, or `s3://bucket/key`; a folder ends with `/`.", show_default=False
        ),
    ],
    description: Annotated[str, typer.Option(help="What others may know of it.")] = "",
    derived_from: Annotated[
        list[str] | None,
        typer.Option(help="A dataset it was made of, whose policies decide about it. Repeatable.", show_default=False),
    ] = None,
    socket: Socket = None,
) -> None:
    """Register a dataset at its gateway, on the gateway's machine."""
    with agent_at(cli, socket) as agent:
        cli.show(agent.register(name, absolute(path), description, derived_from or ()))


@verb(datasets, "propose")
def propose_dataset(
    cli: Session,
    name: Name,
    entry: Annotated[
        str, typer.Argument(help="Its name in the gateway's inbox; a folder ends with `/`.", show_default=False)
    ],
    gateway: Annotated[str, typer.Option(help="The gateway that holds it.", autocompletion=completion.gateways)],
    description: Annotated[str, typer.Option(help="What others may know of it.")] = "",
    key: Key = None,
) -> None:
    """Propose what lies in a gateway's inbox as a dataset; the gateway decides."""
    new = NewProposal(gateway=gateway, name=name, entry=entry, description=description)
    with cli.fedpact() as fp:
        cli.show(fp.datasets.propose(new, key=key))


@verb(datasets, "proposals")
def list_proposals(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """What your organization has proposed, and what the gateways said."""
    with cli.fedpact() as fp:
        cli.show(fp.datasets.proposals(PageQuery(page=page, page_size=page_size)))


@verb(datasets, "unregister")
def unregister_dataset(cli: Session, name: Name, socket: Socket = None) -> None:
    """Take a dataset back at its gateway: nothing reads it from now on."""
    with agent_at(cli, socket) as agent:
        agent.unregister(name)
    cli.done(f"unregistered `{name}`", name=name)


@verb(datasets, "offered")
def offered_datasets(cli: Session, socket: Socket = None) -> None:
    """What a gateway offers and where it lies, asked on the gateway's machine."""
    with agent_at(cli, socket) as agent:
        cli.show(agent.offers())


@verb(models, "list")
def list_models(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """Models with their versions."""
    with cli.fedpact() as fp:
        cli.show(fp.models.list(PageQuery(page=page, page_size=page_size)))


@verb(models, "get")
def get_model(cli: Session, model: Model) -> None:
    """One model."""
    with cli.fedpact() as fp:
        cli.show(fp.models.get(model))


@verb(models, "register")
def register_model(
    cli: Session,
    model: Model,
    name: Annotated[str, typer.Option(help="What people call it.")],
    description: Annotated[str, typer.Option(help="What it does.")] = "",
    key: Key = None,
) -> None:
    """Make a model known; versions follow."""
    with cli.fedpact() as fp:
        cli.show(fp.models.register(model, name, description=description, key=key))


@verb(models, "add-version")
def add_version(cli: Session, model: Model, file: File, key: Key = None) -> None:
    """Add a version, as a file describes it: version, digest, components, payload schema."""
    record = read_document(VersionRecord, file)
    with cli.fedpact() as fp:
        cli.show(fp.models.add_version(model, record, key=key))


@verb(models)
def digest(cli: Session, folder: Folder) -> None:
    """What pins the model package in a folder, as gateways compute it. Nothing is sent."""
    read_card(folder)
    digest = package_digest(folder)
    cli.tell(digest, digest=digest)


@verb(models)
def push(cli: Session, folder: Folder, commit: Commit = "") -> None:
    """Make the model package in a folder known by its card and digest; its code stays where it is."""
    with cli.fedpact() as fp:
        cli.show(fp.models.push(folder, commit=commit))


@verb(gateways, "list")
def list_gateways(cli: Session, page: Page = 0, page_size: PageSize = 50) -> None:
    """Gateways of your organization."""
    with cli.fedpact() as fp:
        cli.show(fp.gateways.list(PageQuery(page=page, page_size=page_size)))


@verb(gateways, "get")
def get_gateway(
    cli: Session,
    gateway: Gateway,
) -> None:
    """One gateway with what it allots to Fedpact."""
    with cli.fedpact() as fp:
        cli.show(fp.gateways.get(gateway))


@verb(gateways, "register")
def register_gateway(
    cli: Session,
    gateway: Annotated[str, typer.Argument(metavar="GATEWAY", help="Its id.", show_default=False)],
    organization: Annotated[str, typer.Option(help="Who manages it.", autocompletion=completion.organizations)],
    orchestrator: Annotated[bool, typer.Option("--orchestrator", help="It runs the servers beside the hub.")] = False,
    key: Key = None,
) -> None:
    """Make a site known."""
    role: Literal["gateway", "orchestrator"] = "orchestrator" if orchestrator else "gateway"
    with cli.fedpact() as fp:
        cli.show(fp.gateways.register(gateway, organization, role=role, key=key))


def agent_at(cli: Session, socket: Path | None) -> Custodian:
    """The agent of a gateway on this machine."""
    named = socket or cli.environ.get(ENVIRON)
    if not named:
        here = ", ".join(embedded_sockets(home(cli.environ)))
        known = f"; here: {here}" if here else ""
        raise InputError(f"which gateway? give its agent's socket with `--socket`, or in {ENVIRON}{known}")
    return Custodian(Path(named), cli.options.transport)
