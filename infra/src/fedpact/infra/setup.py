"""What has to be there before the programs of an embedded federation start: keys, users, files, the bus's topology."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fedpact.chassis import bus_admin
from fedpact.chassis.mongo import create_users
from fedpact.contracts.sites import Site
from fedpact.decision import keys
from fedpact.infra import bus_authority, nats_config, topology
from fedpact.infra.bus_authority import ADMINISTRATOR
from fedpact.infra.embedded import HUB_SERVICES, Machine, mongo
from fedpact.infra.federation import ORCHESTRATOR, Federation
from fedpact.infra.layout import Layout, write_secret
from fedpact.infra.secrets import nkey, nkeys_of, password
from fedpact.infra.supervisor import Supervisor


def write_files(machine: Machine, federation: Federation) -> None:
    """Everything on disk. Doing it again makes only what is missing; the server's configuration is written anew."""
    server = nats_config.NatsServer(port=machine.ports["nats"], store=machine.layout.jetstream)
    found(machine.layout, federation, server, store=f"127.0.0.1:{machine.ports['mongo']}")


def found(
    layout: Layout, federation: Federation, server: nats_config.NatsServer, store: str, *, trusting: bool = False
) -> None:
    """
    The same, for a bus and a store (host and port) that may be anywhere.

    A `trusting` bus believes an operator, so that gateways can be enrolled while it runs.
    """
    layout.make()
    write_secret(layout.nats_config, _bus(layout, federation, server, trusting=trusting))
    for name, _, secret in users(layout):
        write_secret(layout.secrets / f"{name}.mongo", f"mongodb://{name}:{secret}@{store}/{name}?authSource={name}")
    _write_bootstrap(layout, federation)
    _write_trust(layout, federation)


def users(layout: Layout) -> list[tuple[str, str, str]]:
    """Database, user and password of every service."""
    return [(name, name, password(layout.secrets / f"{name}.password")) for name in HUB_SERVICES]


async def make_users(machine: Machine, say: Callable[[str], None]) -> None:
    """A database user per service, made once while nobody else can reach the store."""
    done = machine.layout.mongo / "users"
    if done.exists():
        return
    alone = Supervisor([mongo(machine, auth=False)], say)
    try:
        await alone.start()
        await create_users(f"mongodb://127.0.0.1:{machine.ports['mongo']}/", users(machine.layout))
    finally:
        await alone.stop()
    done.touch()


async def apply_topology(machine: Machine, federation: Federation) -> None:
    """Streams and durables, as the topology says."""
    await apply_sites(machine.layout, machine.nats_url, federation.sites)


async def apply_sites(layout: Layout, bus: str, sites: Sequence[Site], ca_file: Path | None = None) -> None:
    """The same, for these sites on the bus at that address."""
    async with bus_admin.administrating(bus, key_of(layout, ADMINISTRATOR), ca_file) as js:
        await bus_admin.apply(js, topology.streams(), topology.durables(sites))


def key_of(layout: Layout, name: str) -> Path:
    """How that one proves to the bus who it is: credentials where the bus believes an operator, else a fixed key."""
    credentials = layout.secrets / f"{name}.creds"
    return credentials if credentials.exists() else layout.secrets / f"{name}.seed"


def sites_in(layout: Layout) -> list[Site]:
    """The sites of the federation that was set up there."""
    founded = json.loads((layout.hub / "registry.json").read_text())["gateways"]
    return [Site(site["gateway"], orchestrator=site.get("role") == "orchestrator") for site in founded]


def gateways_in(layout: Layout) -> list[str]:
    """The gateways that this folder keeps something for, whether or not they ran the last time."""
    kept = (path.name for path in layout.root.glob("sites/gateway-*"))
    return sorted(kept, key=lambda name: (len(name), name))


def _bus(layout: Layout, federation: Federation, server: nats_config.NatsServer, *, trusting: bool) -> str:
    if not trusting:
        return nats_config.render(server, _identities(layout, federation))
    members, now = topology.members(_nobodys(federation)), datetime.now(UTC)  # noqa: TID251 - a program of its own
    authority = bus_authority.Authority(layout.secrets / "bus")
    bus_authority.write_credentials(authority, members, layout.secrets, now)
    return nats_config.render_trusting(server, bus_authority.vouch(authority, members, now))


def _nobodys(federation: Federation) -> topology.Identities:
    """Everybody by name alone: who believes an operator asks for no keys."""
    sites = dict.fromkeys(federation.sites, "")
    return topology.Identities(
        administrator="", services=dict.fromkeys(HUB_SERVICES, ""), sites=sites, systems={"lab": ""}
    )


def _identities(layout: Layout, federation: Federation) -> topology.Identities:
    return topology.Identities(
        administrator=nkey(layout.secrets / f"{ADMINISTRATOR}.seed"),
        services=nkeys_of(layout.secrets, HUB_SERVICES),
        sites={site: nkey(layout.secrets / f"{site.gateway}.seed") for site in federation.sites},
        systems={"lab": nkey(layout.secrets / "lab.seed")},
    )


def _write_bootstrap(layout: Layout, federation: Federation) -> None:
    organizations = [{"organization": key, "name": name} for key, name in federation.organizations]
    users = [
        {"user": p.user, "name": p.name, "organization": p.organization, "email": p.email, "roles": list(p.roles)}
        for p in federation.people
    ]
    write_secret(layout.hub / "identity.json", json.dumps({"organizations": organizations, "users": users}))
    gateways = [{"gateway": ORCHESTRATOR, "organization": "hub", "role": "orchestrator"}]
    gateways += [{"gateway": c.gateway, "organization": c.organization} for c in federation.founded]
    write_secret(layout.hub / "registry.json", json.dumps({"gateways": gateways}))


def _write_trust(layout: Layout, federation: Federation) -> None:
    """Each site pins the policy service's key and its own owner's; the hub learns the owners' public halves."""
    policy = _key(layout, "policy/grants")
    for site in federation.sites:
        _public(layout.site(site.gateway) / "trust" / "policy-service.pub.pem", policy)
    for custodian in federation.custodians:
        owner = _owner_key(layout, custodian.gateway)
        for trusting in (layout.site(custodian.gateway) / "trust", layout.hub):
            _public(trusting / "owners" / custodian.organization / "owner.pub.pem", owner)
        for folder in (layout.data(custodian.gateway), layout.inbox(custodian.gateway)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _owner_key(layout: Layout, gateway: str) -> keys.PrivateKey:
    """The owner's signing key: it stays with the custodian."""
    path = layout.site(gateway) / "owner.pem"
    if not path.exists():
        write_secret(path, _text(keys.to_pem(keys.generate())))
    return keys.from_pem(path.read_bytes())


def _key(layout: Layout, name: str) -> keys.PrivateKey:
    path = layout.hub / f"{name}.pem"
    if not path.exists():
        write_secret(path, _text(keys.to_pem(keys.generate())))
    return keys.from_pem(path.read_bytes())


def _public(path: Path, key: keys.PrivateKey) -> None:
    write_secret(path, _text(keys.public_pem(key)))


def _text(pem: bytes | str) -> str:
    return pem if isinstance(pem, str) else pem.decode()
