"""`fedpact ca`: TLS for a hub that has no certificate authority of its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from fedpact.client.cli.nouns import noun, verb
from fedpact.client.cli.session import Session
from fedpact.infra.ca import CertificateAuthority

ca = noun("Certificates for the hub's names, where there is no other authority.")
Folder = Annotated[Path, typer.Option(help="Where the authority is kept. Keep it away from the hub.")]
HERE = Path("fedpact-ca")


@verb(ca, "init")
def ca_init(
    cli: Session,
    folder: Folder = HERE,
    name: Annotated[str, typer.Option(help="What it is called in certificates.")] = "Fedpact hub",
) -> None:
    """Make an authority: its key and its certificate."""
    authority = CertificateAuthority(folder)
    authority.begin(name, _now())
    made = authority.certificate
    cli.done(f"whoever connects needs {made}; the key beside it is for nobody else", ca=str(made))


@verb(ca, "issue")
def ca_issue(
    cli: Session,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names and addresses of one server.", show_default=False)
    ],
    folder: Folder = HERE,
    days: Annotated[int, typer.Option(min=1, max=825, help="How long it is valid.")] = 397,
) -> None:
    """Issue a certificate for a server, as its first name says it is called."""
    certificate, key = CertificateAuthority(folder).issue(names, days, _now())
    cli.done(f"made {certificate} and {key}", certificate=str(certificate), key=str(key))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a command that a person runs
