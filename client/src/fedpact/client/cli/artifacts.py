"""`fedpact artifacts`: what jobs left, fetched, shared and deleted."""

from pathlib import Path
from typing import Annotated

import typer

from fedpact.client.cli import completion
from fedpact.client.cli.choices import Key, Page, PageSize
from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.session import Session
from fedpact.contracts.api import ArtifactQuery
from fedpact.contracts.jobs import ArtifactKind

app = noun("Artifacts: what jobs left, kept past the activation, shared by explicit grants.")
Artifact = Annotated[
    str,
    typer.Argument(
        metavar="ARTIFACT", help="The artifact's id.", show_default=False, autocompletion=completion.artifacts
    ),
]
User = Annotated[
    str | None,
    typer.Option(metavar="USER", help="One user, by id.", show_default=False, autocompletion=completion.users),
]
Organization = Annotated[
    str | None,
    typer.Option(
        "--org",
        metavar="ORGANIZATION",
        help="Everybody of it.",
        show_default=False,
        autocompletion=completion.organizations,
    ),
]


@verb(app, "list")
def list_(
    cli: Session,
    kind: Annotated[ArtifactKind | None, typer.Option("--type", help="Only these.")] = None,
    job: Annotated[str | None, typer.Option(help="Only those of this job.", autocompletion=completion.jobs)] = None,
    spec: Annotated[
        str | None, typer.Option(help="Only those of this spec's jobs.", autocompletion=completion.specs)
    ] = None,
    *,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones too.")] = False,
    page: Page = 0,
    page_size: PageSize = 50,
) -> None:
    """Artifacts of your jobs, and those you were granted, newest first."""
    query = ArtifactQuery(kind=kind, job=job, spec=spec, deleted=deleted, page=page, page_size=page_size)
    with cli.fedpact() as fp:
        cli.show(fp.artifacts.list(query))


@verb(app)
def get(cli: Session, artifact: Artifact) -> None:
    """One artifact: where it is from, to whom it is granted, or by whom it was deleted."""
    with cli.fedpact() as fp:
        cli.show(fp.artifacts.get(artifact))


@verb(app)
def download(
    cli: Session,
    artifacts: Annotated[
        list[str],
        typer.Argument(
            metavar="ARTIFACT...", help="Their ids.", show_default=False, autocompletion=completion.artifacts
        ),
    ],
    to: Annotated[Path, typer.Option(help="The folder to save them in.")] = Path(),
) -> None:
    """Save artifacts; each is compared with its digest, and goes on where it broke off."""
    with cli.fedpact() as fp:
        saved = [fp.artifacts.download(artifact, to) for artifact in artifacts]
    cli.tell("\n".join(map(str, saved)), files=[str(path) for path in saved])


@verb(app)
def grant(
    cli: Session, artifact: Artifact, user: User = None, organization: Organization = None, key: Key = None
) -> None:
    """Let a user or an organization see and download it: `--user` or `--org`."""
    with cli.fedpact() as fp:
        cli.show(fp.artifacts.grant(artifact, user=user, organization=organization, key=key))


@verb(app)
def revoke(
    cli: Session, artifact: Artifact, user: User = None, organization: Organization = None, key: Key = None
) -> None:
    """Take a grant back, from their next request on: `--user` or `--org`."""
    with cli.fedpact() as fp:
        cli.show(fp.artifacts.revoke(artifact, user=user, organization=organization, key=key))


@verb(app)
def delete(cli: Session, artifact: Artifact, key: Key = None) -> None:
    """Delete it for everybody; that it was there stays known."""
    with cli.fedpact() as fp:
        cli.show(fp.artifacts.delete(artifact, key=key))
