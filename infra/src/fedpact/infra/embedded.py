"""
The programs of an embedded federation: one supervised process per service, as on a cluster, all on one machine.

No check is skipped: every service has its own bus identity and its own database user, every site its own trust store.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fedpact.contracts.sites import DOMAIN
from fedpact.infra.federation import ORCHESTRATOR, Custodian, Federation
from fedpact.infra.layout import Layout
from fedpact.infra.programs import Program
from fedpact.infra.topology import SERVICES

BIN = Path(sys.executable).parent
NO_LEAVES = "0"
"""No server of a site takes part in this bus, so nobody who stops has to linger."""
HUB_SERVICES = tuple(service.name for service in SERVICES)
FIRST_STEP = "`fedpact fill`, typed where this federation was started, gives it the demo's tables, models and policies"
"""What the portal says where nothing is there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where everything listens, and what the sites may use. Memory in megabytes."""

    layout: Layout
    ports: Mapping[str, int]
    models: Path
    cpu: float = 4.0
    memory: int = 8192

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def nats_url(self) -> str:
        return f"nats://127.0.0.1:{self.ports['nats']}"


def port_names(federation: Federation) -> list[str]:
    """Everything that listens."""
    sites = [f"agent-{site.gateway}" for site in federation.sites]
    return ["portal", "nats", "mongo", *HUB_SERVICES, *sites, *(f"dal-{c.gateway}" for c in federation.custodians)]


def programs(machine: Machine, federation: Federation) -> list[Program]:
    """What the supervisor runs, in tiers: bus and store, hub, sites."""
    hub = [_service(machine, name) for name in HUB_SERVICES]
    sites = [part for custodian in federation.custodians for part in _site(machine, custodian)]
    return [nats(machine), mongo(machine, auth=True), *hub, _orchestrator(machine), *sites]


def nats(machine: Machine) -> Program:
    layout = machine.layout
    argv = (str(BIN / "nats-server"), "-c", str(layout.nats_config))
    return Program(
        name="nats", argv=argv, port=machine.ports["nats"], log=layout.logs / "nats.log", ready="tcp", tier=0
    )


def mongo(machine: Machine, *, auth: bool) -> Program:
    """The store; `auth` is off only while its users are made, before anything else runs."""
    port, layout = machine.ports["mongo"], machine.layout
    argv = [str(BIN / "secantusd-py"), "--host", "127.0.0.1", "--port", str(port), "--cache-size", "128M"]
    argv += ["--storage-path", str(layout.databases), "--sync-on-commit", *(["--auth"] if auth else [])]
    return Program(
        name="mongo",
        argv=tuple(argv),
        port=port,
        log=layout.logs / "mongo.log",
        ready="tcp",
        tier=0,
        env={"HOME": str(layout.mongo)},
        cwd=layout.mongo,
    )


def _service(machine: Machine, name: str) -> Program:
    layout = machine.layout
    env = {
        "NATS_URL": machine.nats_url,
        "NATS_DOMAIN": DOMAIN,
        "NATS_LINGER_SECONDS": NO_LEAVES,
        "NATS_SEED_FILE": str(layout.secrets / f"{name}.seed"),
        "MONGO_URL_FILE": str(layout.secrets / f"{name}.mongo"),
        "PORT": str(machine.ports[name]),
    }
    env |= {key: str(value) for key, value in _own(machine, name)}
    return _program(machine, f"fedpact-{name.replace('_', '-')}", name, name.upper(), env, tier=1)


def _own(machine: Machine, name: str) -> Iterator[tuple[str, object]]:
    """What one hub service is told beside what all are told."""
    hub = machine.layout.hub
    match name:
        case "identity":
            yield "KEY_FILE", hub / "identity" / "tokens.pem"
            yield "BOOTSTRAP_FILE", hub / "identity.json"
            if not any(variable.startswith("FEDPACT_IDENTITY_PROVIDER") for variable in os.environ):
                yield "DEV_LOGIN", "true"
            yield "PUBLIC_URL", machine.url("identity")
            yield "REDIRECTS", json.dumps({"fedpact-portal": [f"{machine.url('portal')}/login/callback"]})
        case "registry":
            yield "BOOTSTRAP_FILE", hub / "registry.json"
        case "policy":
            yield "KEY_FILE", hub / "policy" / "grants.pem"
            yield "PUBLIC_KEY_FILE", hub / "policy" / "grants.pub.pem"
            yield "OWNER_KEYS_DIR", hub / "owners"
            yield "REQUIRE_SIGNATURES", "true"
        case "jobs":
            yield "ARTIFACTS", hub / "artifacts"
            yield "UPLOAD_URL", machine.url("jobs")
        case "portal":
            yield "ISSUER_URL", machine.url("identity")
            yield "PUBLIC_URL", machine.url("portal")
            yield "FIRST_STEP", FIRST_STEP


def _orchestrator(machine: Machine) -> Program:
    env = _agent(machine, ORCHESTRATOR, "hub") | {"ROLE": "orchestrator"}
    return _program(machine, "fedpact-gateway-agent", f"agent-{ORCHESTRATOR}", "AGENT", env, tier=2)


def _site(machine: Machine, custodian: Custodian) -> tuple[Program, Program]:
    gateway, sockets = custodian.gateway, machine.layout.sockets
    site = machine.layout.site(gateway)
    admin = str(sockets / f"dal-{gateway}.sock")
    agent = _agent(machine, gateway, custodian.organization) | {
        "ROLE": "gateway",
        "DAL_URL": machine.url(f"dal-{gateway}"),
        "DAL_ADMIN_SOCKET": admin,
        "INBOX": str(machine.layout.inbox(gateway)),
    }
    dal = {
        "GATEWAY": gateway,
        "SOURCES_FILES_FOLDER": str(machine.layout.data(gateway)),
        "STATE_FOLDER": str(site / "dal"),
        "ADMIN_SOCKET": admin,
        "AGENT_KEYS": str(site / "agent" / "dal-tokens.pem.pub"),
        "PORT": str(machine.ports[f"dal-{gateway}"]),
    }
    return (
        _program(machine, "fedpact-dal-service", f"dal-{gateway}", "DAL", dal, tier=2),
        _program(machine, "fedpact-gateway-agent", f"agent-{gateway}", "AGENT", agent, tier=2),
    )


def _agent(machine: Machine, gateway: str, organization: str) -> dict[str, str]:
    layout = machine.layout
    site = layout.site(gateway)
    return {
        "GATEWAY": gateway,
        "ORGANIZATION": organization,
        "NATS_URL": machine.nats_url,
        "NATS_DOMAIN": DOMAIN,
        "NATS_LINGER_SECONDS": NO_LEAVES,
        "NATS_SEED_FILE": str(layout.secrets / f"{gateway}.seed"),
        "PORT": str(machine.ports[f"agent-{gateway}"]),
        "STATE_FOLDER": str(site / "agent"),
        "TRUST_FOLDER": str(site / "trust"),
        "MODELS_DIR": str(machine.models),
        "KEY_FILE": str(site / "agent" / "dal-tokens.pem"),
        "ADMIN_SOCKET": str(layout.agent_socket(gateway)),
        "END_WORKLOADS": "true",
        "HIDDEN": str(layout.root),
        "CPU": str(machine.cpu),
        "MEMORY": str(machine.memory),
    }


def _program(machine: Machine, script: str, name: str, prefix: str, env: Mapping[str, str], *, tier: int) -> Program:
    return Program(
        name=name,
        argv=(str(BIN / script),),
        port=machine.ports[name],
        log=machine.layout.logs / f"{name}.log",
        env=_chosen(f"FEDPACT_{prefix}_") | {f"FEDPACT_{prefix}_{key}": value for key, value in env.items()},
        tier=tier,
    )


def _chosen(prefix: str) -> dict[str, str]:
    """What the operator set for this program in the environment of `up`. What `up` decides itself comes before it."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}
