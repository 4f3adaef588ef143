"""
What a federation of containers needs besides its images: files before it starts, users and streams while it starts.

Runs inside the `infra` image, as the user that the services run as, so that everybody can read what is theirs and
nobody else can: `python -m fedpact.infra.containers prepare|settle|demo FOLDER`. `demo` tells the story of
`fedpact demo` to a federation that runs. Doing any of it again is fine.
"""

import argparse
import asyncio
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.guard import failure_of
from fedpact.chassis.mongo import create_users
from fedpact.client.clock import Clock
from fedpact.client.errors import FedpactError
from fedpact.client.fedpact import Fedpact
from fedpact.client.flows import Patience
from fedpact.client.hub import Options
from fedpact.client.oauth import Issuer
from fedpact.decision import keys
from fedpact.infra import setup
from fedpact.infra.ca import CertificateAuthority
from fedpact.infra.chaos import Chaos
from fedpact.infra.demo_story import Report, Story, StoryError
from fedpact.infra.demo_world import World
from fedpact.infra.federation import ORCHESTRATOR, Federation, federation
from fedpact.infra.layout import Layout, write_secret
from fedpact.infra.nats_config import NatsServer, Tls
from fedpact.infra.secrets import password

NATS_HOST, NATS_PORT = "nats", 4222
LEAF_PORT, WEBSOCKET_PORT = 7422, 8444
BUS = f"nats://{NATS_HOST}:{NATS_PORT}"
CA = "ca.pem"
CERTIFICATE_DAYS = 397
STORE = "mongo:27017"
STORE_SECONDS = 120.0
"""How long a store may take at its first start, while it makes its administrator."""
ROOT = "root"
"""The store's own administrator, whom its image makes from a password file."""
PATIENCE = 600.0
"""Seconds the story waits for one thing: a small machine that starts everything again is slow."""
HUB_FOLDERS = ("identity", "policy", "jobs", "owners", "sockets")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container; what is published is the stack's business


def prepare(layout: Layout, members: Federation, store: str = STORE, names: Sequence[str] = ()) -> None:
    """
    Every key, password and configuration, and the folders that containers write to; all of it closed to others.

    With the `names` that gateways elsewhere find the hub by, the bus speaks TLS under them and lets gateways enroll.
    """
    before = os.umask(0o077)  # folders above a secret too: a site's part travels to its own machine
    try:
        _write(layout, members, store, names)
    finally:
        os.umask(before)


def _write(layout: Layout, members: Federation, store: str, names: Sequence[str]) -> None:
    setup.found(layout, members, _server(layout, names), store, trusting=bool(names))
    password(layout.secrets / f"{ROOT}.password")
    for folder in (layout.jetstream, layout.databases, *(layout.hub / name for name in HUB_FOLDERS)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for site in members.sites:
        for part in ("agent", "dal", "sockets"):
            (layout.site(site.gateway) / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    (layout.site(ORCHESTRATOR) / "routes").mkdir(exist_ok=True, mode=0o700)
    for custodian in members.custodians:
        layout.inbox(custodian.gateway).mkdir(parents=True, exist_ok=True, mode=0o700)
        _share_key(layout.site(custodian.gateway))


def _server(layout: Layout, names: Sequence[str]) -> NatsServer:
    alone = NatsServer(port=NATS_PORT, store=layout.jetstream, host=EVERYWHERE, sync_always=True)
    if not names:
        return alone
    return replace(alone, tls=_tls(layout, names), leaf_port=LEAF_PORT, websocket_port=WEBSOCKET_PORT)


def _tls(layout: Layout, names: Sequence[str]) -> Tls:
    """What lies in the folder already, or a certificate of an authority that is made for this hub."""
    shown = Tls(layout.bus_tls / "server.pem", layout.bus_tls / "server.key")
    if shown.certificate.exists():
        return shown
    authority, now = CertificateAuthority(layout.root / "ca"), datetime.now(UTC)  # noqa: TID251 - a program of its own
    if not authority.certificate.exists():
        authority.begin("Fedpact hub", now)
    certificate, key = authority.issue([*names, NATS_HOST], CERTIFICATE_DAYS, now)
    for made, kept in ((certificate, shown.certificate), (key, shown.key), (authority.certificate, CA)):
        write_secret(layout.bus_tls / kept, made.read_text())
    return shown


async def settle(layout: Layout, bus: str = BUS, store: str = STORE) -> None:
    """A database user for every service, and the bus's streams and durables."""
    root = password(layout.secrets / f"{ROOT}.password")
    url, began = f"mongodb://{ROOT}:{root}@{store}/?authSource=admin", time.monotonic()
    while failure := await failure_of(create_users(url, setup.users(layout))):
        if not isinstance(failure, UnavailableError) or time.monotonic() - began > STORE_SECONDS:
            raise failure
        _say(f"waiting: {failure}")
        await asyncio.sleep(1)
    await setup.apply_sites(layout, bus, setup.sites_in(layout), layout.bus_ca)


@dataclass(frozen=True, slots=True)
class PatientWorld(World):
    """People who wait for services that are being started again."""

    def user(self, name: str) -> Fedpact:
        token = self.issuer.by_name(name).access_token
        return Fedpact(self.portal, token, Options(patience=Patience(tries=10)))


def demo(
    layout: Layout, members: Federation, portal: str, issuer: str, models: Path, chaos: Chaos | None = None
) -> Report:
    """The story of the demo, told to a federation of containers on this machine, with `chaos` while they are killed."""
    for custodian in members.custodians:  # the demo looks for sockets where an embedded federation has them
        name = f"agent-{custodian.gateway}.sock"
        layout.make_sockets()
        (layout.sockets / name).symlink_to(layout.site(custodian.gateway) / "sockets" / "agent.sock")
    report = Report()
    world = PatientWorld(members, layout, portal, Issuer.at(issuer, {}, Clock(), None))
    story = Story(world, models, layout.root / "downloads", _say, report, patience=PATIENCE)
    if chaos:
        story.interlude = chaos.strike
    try:
        story.tell()
    finally:
        layout.remove_sockets()
    return report


def _silent(layout: Layout, members: Federation) -> str:
    """A gateway whose agent does not listen; empty when all do."""
    for custodian in members.custodians:
        if not _listens(layout.site(custodian.gateway) / "sockets"):
            return custodian.gateway
    return ""


def _listens(sockets: Path) -> bool:
    """Whether the agent does. Asked by way of the folder's descriptor: a socket's own address has to be short."""
    try:
        folder = os.open(sockets, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as asked:
            return asked.connect_ex(f"/proc/self/fd/{folder}/agent.sock") == 0
    finally:
        os.close(folder)


def _share_key(site: Path) -> None:
    """The agent's key, and its public half where the DAL finds it: the DAL never sees the agent's folder."""
    path = site / "agent" / "dal-tokens.pem"
    if not path.exists():
        write_secret(path, _text(keys.to_pem(keys.generate())))
    write_secret(site / "dal" / "agent.pub", _text(keys.public_pem(keys.from_pem(path.read_bytes()))))


def _text(pem: bytes | str) -> str:
    return pem if isinstance(pem, str) else pem.decode()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0] if __doc__ else None)
    parser.add_argument("step", choices=("prepare", "settle", "demo", "chaos"))
    parser.add_argument("folder", type=Path, help="where the federation keeps its things")
    parser.add_argument("--gateways", type=int, default=2, help="how many custodians")
    parser.add_argument(
        "--enrolment",
        nargs="+",
        default=(),
        metavar="NAME",
        help="names of the hub, for gateways that enroll",
    )
    parser.add_argument("--bus", default=BUS, help="where the bus is")
    parser.add_argument("--store", default=STORE, help="host and port of the store, as services reach it")
    parser.add_argument("--portal", default="http://127.0.0.1:7070")
    parser.add_argument("--issuer", default="http://127.0.0.1:7070/identity")
    parser.add_argument("--models", type=Path, default=Path("/models"), help="folder of model packages")
    asked = parser.parse_args(words)
    layout, members = Layout(asked.folder), federation(asked.gateways)
    match asked.step:
        case "prepare":
            prepare(layout, members, asked.store, asked.enrolment)
        case "settle":
            asyncio.run(settle(layout, asked.bus, asked.store))
        case "demo":
            _tell(layout, members, asked, None)
        case "chaos":
            _tell(layout, members, asked, Chaos(_say))


def _tell(layout: Layout, members: Federation, asked: argparse.Namespace, chaos: Chaos | None) -> None:
    began = time.monotonic()
    if gateway := _silent(layout, members):
        sys.exit(f"the agent of `{gateway}` does not listen: start the federation with `just compose-up`")
    try:
        demo(layout, members, asked.portal, asked.issuer, asked.models, chaos)
    except (StoryError, FedpactError) as error:
        sys.exit(str(error))
    if chaos and (missed := chaos.missed()):
        sys.exit(f"nobody has killed {', '.join(missed)}: the story was over first")
    _say(f"done in {time.monotonic() - began:.0f} s")
    if chaos:
        _say(f"{len(chaos.struck)} containers were killed, and the story ended as it always does")


if __name__ == "__main__":
    main()
