"""
Secrets and ConfigMaps of the charts, from the folder that `fedpact.infra.containers prepare` made, or an enrolment.

    python infra/helm/objects.py hub FOLDER | kubectl apply --namespace fedpact-hub --filename -
    python infra/helm/objects.py gateway FOLDER gateway-1 | kubectl apply --namespace fedpact-gateway --filename -
    python infra/helm/objects.py enrolled SITE | kubectl apply --namespace fedpact-gateway --filename -

Keys never become values of a chart: a release keeps its values, and whoever may read it reads them. Each service gets
an object of its own, named as the service is. A folder that was prepared with `--enrolment` gives credentials for a bus
that believes an operator, and identity what enrolling gateways needs; the operator's own key stays out of the cluster.
Runs on any Python 3.11 with the standard library alone.
"""

import argparse
import base64
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

Json = dict[str, object]
Files = Mapping[str, bytes]
SERVICES = ("identity", "registry", "policy", "spec_lifecycle", "scheduler", "jobs", "portal")
BOOTSTRAPPED = ("identity", "registry")
GRANTED = ("accounts.creds", "durables.creds", "operator-signing.seed", "sites.seed", "bus.json")
"""What identity enrolls gateways with."""
VOLUME, MOUNTED = b"/data", b"/run/secrets/fedpact"
"""Where the chart mounts the bus's volume, and its certificate."""
_STORE_DIR = re.compile(rb'store_dir: "([^"]*)/jetstream"')


def hub(folder: Path) -> list[Json]:
    """What the hub's pods mount: each its own."""
    secrets, kept = folder / "secrets", folder / "hub"
    objects = [secret(service.replace("_", "-"), _of_service(folder, service)) for service in SERVICES]
    settling = _files(secrets, "root.password", *(f"{service}.password" for service in SERVICES))
    return [
        *objects,
        secret("orchestrator", _place(folder, "orchestrator")),
        secret("nats", _bus(folder)),
        secret("mongo", _files(secrets, "root.password")),
        secret("settle", {**settling, **_place(folder, "administrator"), **_files(kept, "registry.json")}),
        config("owners", {f"{path.parent.name}.{path.name}": path.read_bytes() for path in _owners(kept)}),
    ]


def gateway(folder: Path, name: str) -> list[Json]:
    """
    What a gateway's pods mount whose key is of the folder: `sites/<name>` and `secrets/<name>.seed` are all it takes.

    Where others are enrolled these are `secrets/<name>.creds` and `nats/tls/ca.pem`.
    """
    site = folder / "sites" / name
    named = {f"{name}.seed": "gateway.seed", f"{name}.creds": "bus.creds"}
    place = {named.get(key, key): held for key, held in _place(folder, name).items()}
    service = _files(site / "trust", "policy-service.pub.pem")
    (owner,) = _owners(site / "trust")
    return [
        secret("agent", {**place, **_files(site / "agent", "dal-tokens.pem")}),
        config("trust", {**service, "owner.pub.pem": owner.read_bytes()}),
        config("dal", _files(site / "dal", "agent.pub")),
    ]


def enrolled(folder: Path) -> list[Json]:
    """The same, of the folder that `fedpact gateways enroll` made; its owner's public key lies in `trust/owners`."""
    own = _files(folder / "agent", "bus.creds", "bus-ca.pem", "dal-tokens.pem")
    owners = _owners(folder / "trust")
    if len(owners) != 1:
        sys.exit(f"`{folder}/trust/owners/<organization>/owner.pub.pem` has to be there, once: whose policies count")
    service = _files(folder / "trust", "policy-service.pub.pem")
    return [
        secret("agent", own),
        config("trust", {**service, "owner.pub.pem": owners[0].read_bytes()}),
        config("dal", _files(folder / "dal", "agent.pub")),
    ]


def bus_configuration(written: bytes) -> bytes:
    """The same configuration, with what it keeps on the chart's volume, and its certificate where the chart has it."""
    found = _STORE_DIR.findall(written)
    if len(found) != 1:
        sys.exit("nats.conf says not once where streams are kept: prepare the folder anew")
    place: bytes = found[0]  # of the machine that prepared it
    for before, after in ((b"/tls/", MOUNTED + b"/"), (b"/", VOLUME + b"/")):
        written = written.replace(b'"' + place + before, b'"' + after)
    return written


def secret(name: str, files: Files) -> Json:
    data = {key: base64.b64encode(content).decode() for key, content in sorted(files.items())}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _named(name), "type": "Opaque", "data": data}


def config(name: str, files: Files) -> Json:
    data = {key: content.decode() for key, content in sorted(files.items())}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _named(name), "data": data}


def _of_service(folder: Path, service: str) -> Files:
    found = _place(folder, service) | _files(folder / "secrets", f"{service}.mongo")
    if service in BOOTSTRAPPED:
        found |= _files(folder / "hub", f"{service}.json")
    if service == "identity" and _enrolls(folder):
        found |= _files(folder / "secrets" / "identity-bus", *GRANTED)
        found |= _files(folder / "sites" / "orchestrator" / "trust", "policy-service.pub.pem")
    return found | (_files(folder / "hub" / "policy", "grants.pem") if service == "policy" else {})


def _bus(folder: Path) -> Files:
    written = {"nats.conf": bus_configuration((folder / "nats" / "nats.conf").read_bytes())}
    return written | (_files(folder / "nats" / "tls", "server.pem", "server.key") if _enrolls(folder) else {})


def _place(folder: Path, name: str) -> dict[str, bytes]:
    """How that one proves to the bus who it is, and whom it believes to be the bus."""
    if not (folder / "secrets" / f"{name}.creds").exists():
        return _files(folder / "secrets", f"{name}.seed")
    authority = {"bus-ca.pem": (folder / "nats" / "tls" / "ca.pem").read_bytes()}
    return _files(folder / "secrets", f"{name}.creds") | authority


def _enrolls(folder: Path) -> bool:
    """Whether it was prepared for gateways that enroll."""
    return (folder / "secrets" / "identity-bus").exists()


def _owners(folder: Path) -> list[Path]:
    return sorted((folder / "owners").glob("*/owner.pub.pem"))


def _files(folder: Path, *names: str) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


def _named(name: str) -> Json:
    return {"name": name, "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "fedpact"}}


def main() -> None:
    parser = argparse.ArgumentParser(description="secrets and trust of a chart, as objects for `kubectl apply`")
    of = parser.add_subparsers(dest="of", required=True)
    for what, made_by in (("hub", "prepare"), ("gateway", "prepare"), ("enrolled", "fedpact gateways enroll")):
        one = of.add_parser(what)
        one.add_argument("folder", type=Path, help=f"what `{made_by}` made")
        if what == "gateway":
            one.add_argument("name", help="such as gateway-1")
    asked = parser.parse_args()
    try:
        objects = _objects(asked)
    except OSError as error:
        made_by = "fedpact gateways enroll" if asked.of == "enrolled" else "prepare"
        sys.exit(f"`{error.filename}` cannot be read ({error.strerror}): give the folder that `{made_by}` made")
    sys.stdout.write(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=1) + "\n")


def _objects(asked: argparse.Namespace) -> list[Json]:
    match asked.of:
        case "hub":
            return hub(asked.folder)
        case "gateway":
            return gateway(asked.folder, asked.name)
        case _:
            return enrolled(asked.folder)


if __name__ == "__main__":
    main()
