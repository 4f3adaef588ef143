"""`fedpact gateways leaf`: a NATS server of the site's own, which takes its way to the hub."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from fedpact.client.cli.nouns import command
from fedpact.client.cli.session import Session
from fedpact.client.enrolment import SiteFolder
from fedpact.client.errors import InputError
from fedpact.decision import nats_jwt
from fedpact.infra.layout import write_secret
from fedpact.infra.leaf import Leaf, render
from fedpact.infra.secrets import nkey

SCHEMES = ("tls", "wss", "nats", "ws")


@command
def leaf(
    cli: Session,
    hub: Annotated[str, typer.Option(metavar="URL", help="`tls://host:7422`, or `wss://host:8443` behind a proxy.")],
    *,
    folder: Annotated[Path, typer.Option(help="Where the gateway keeps its things.")] = Path("fedpact-gateway"),
    proxy: Annotated[str, typer.Option(metavar="URL", help="The HTTP proxy that leads outside, without a login.")] = "",
    proxy_login_file: Annotated[Path | None, typer.Option(help="A file with `user:password` for the proxy.")] = None,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the agent finds the site's own server.")
    ] = "127.0.0.1:4222",
) -> None:
    """Write the configuration of the site's own server, for an enrolled gateway."""
    place, (address, port) = SiteFolder(folder.resolve()), _listening(listen)
    made = Leaf(
        gateway=_gateway(place),
        hub=_checked(hub, proxy),
        credentials=place.credentials,
        key=nkey(place.root / "leaf" / "agent.seed"),
        ca_file=place.ca if place.ca.exists() else None,
        proxy=proxy,
        proxy_login=_login(proxy_login_file),
        host=address,
        port=port,
    )
    config = place.root / "leaf" / "leaf.conf"
    write_secret(config, render(made))
    cli.done(
        f"start it with `nats-server -c {config}`; the agent's key for it is {place.root / 'leaf' / 'agent.seed'}",
        config=str(config),
        seed=str(place.root / "leaf" / "agent.seed"),
    )


def _gateway(place: SiteFolder) -> str:
    try:
        jwt, _ = nats_jwt.parts(place.credentials.read_text())
    except OSError as error:
        told = f"`{place.root}` holds no enrolled gateway: `fedpact gateways enroll --folder {place.root}`"
        raise InputError(told) from error
    return str(nats_jwt.read(jwt)["name"])


def _checked(hub: str, proxy: str) -> str:
    url = urlsplit(hub)
    if url.scheme not in SCHEMES or not url.hostname:
        raise InputError(f"`{hub}` is no address of a hub: give one such as tls://hub.example.org:7422")
    if proxy and url.scheme not in {"wss", "ws"}:
        raise InputError("through a proxy the hub is reached over WebSocket: give its `wss://` address")
    return hub


def _listening(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"`{text}` is no place to listen: give one such as 127.0.0.1:4222")
    return host, int(port)


def _login(file: Path | None) -> tuple[str, str] | None:
    if file is None:
        return None
    try:
        user, _, password = file.read_text().strip().partition(":")
    except OSError as error:
        raise InputError(f"`{file}` cannot be read: {(error.strerror or 'unknown cause').lower()}") from error
    return user, password
