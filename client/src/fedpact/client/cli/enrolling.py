"""`fedpact gateways invite`, `enroll`, `rotate` and `revoke`: a gateway's place on the hub's bus."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from fedpact.client import enrolment
from fedpact.client.cli.choices import Key
from fedpact.client.cli.nouns import verb
from fedpact.client.cli.registry import Gateway, Socket, agent_at
from fedpact.client.cli.session import Session
from fedpact.client.errors import InputError
from fedpact.client.secret_files import write_secret
from fedpact.contracts.access import Token

ENVIRON = "FEDPACT_ENROLMENT_TOKEN"
TokenFile = Annotated[
    Path | None, typer.Option(help=f"The file with the token, unless it is in {ENVIRON}.", show_default=False)
]
Hub = Annotated[str, typer.Option(metavar="URL", help="The hub's portal.", show_default=False)]
Folder = Annotated[Path, typer.Option(help="Where the gateway keeps its things.")]


def invite(
    cli: Session,
    gateway: Gateway,
    hours: Annotated[int, typer.Option(min=1, max=168, help="How long the token is good.")] = 24,
    token_file: Annotated[Path | None, typer.Option(help="Write the token there instead of printing it.")] = None,
) -> None:
    """Let a registered gateway enroll, once: whoever has the token."""
    with cli.fedpact() as fp:
        made = fp.gateways.invite(gateway, hours=hours)
    if token_file is None:
        cli.show(made, made.token)
    else:
        write_secret(token_file, made.token)
        cli.done(f"the token is in {token_file}", gateway=gateway, token_file=str(token_file))
    cli.note(f"good for one enrolment within {hours} hours: hand it over on a way you trust")


def enroll(cli: Session, hub: Hub, token_file: TokenFile = None, folder: Folder = Path("fedpact-gateway")) -> None:
    """Enroll this gateway with the token an admin gave you; its key is made here and stays."""
    token, issuer = _token(cli, token_file), replace(cli, url=hub).connecting.issuer()
    given = enrolment.enroll(issuer.url, token, folder, cli.options.transport)
    place = enrolment.SiteFolder(folder.resolve())
    cli.done(
        f"`{given.gateway}` is enrolled until {given.expires_at:%Y-%m-%d}, its agent renews by itself: start it with"
        f" {place.root / 'gateway.env'}",
        gateway=given.gateway,
        organization=given.organization,
        expires_at=given.expires_at.isoformat(),
        folder=str(place.root),
    )


def rotate(cli: Session, socket: Socket = None) -> None:
    """Have a gateway's agent make its next key now, on the gateway's machine."""
    with agent_at(cli, socket) as agent:
        given = agent.rotate()
    cli.done(f"the agent has a new key until {given.expires_at:%Y-%m-%d}", expires_at=given.expires_at.isoformat())


def revoke(cli: Session, gateway: Gateway, key: Key = None) -> None:
    """End all that a gateway may do on the bus; it is disconnected at once."""
    with cli.fedpact() as fp:
        cli.show(fp.gateways.revoke(gateway, key=key))


def _token(cli: Session, file: Path | None) -> str:
    """From a file, the environment, or a person: never from the command line, which others can list."""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"`{file}` cannot be read: {(error.strerror or 'unknown cause').lower()}") from error
    elif ENVIRON in cli.environ:
        text = cli.environ[ENVIRON]
    elif sys.stdin.isatty():
        text = typer.prompt("Token", hide_input=True)
    else:
        raise InputError(f"which token? name its file with `--token-file`, or set {ENVIRON}")
    token: str = TypeAdapter(Token).validate_python(text.strip())
    return token


def add_to(gateways: typer.Typer) -> None:
    """Make them verbs of the noun."""
    verb(gateways)(invite)
    verb(gateways)(enroll)
    verb(gateways)(rotate)
    verb(gateways)(revoke)
