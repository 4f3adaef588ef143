"""The charts as Helm itself renders them, and what the `restricted` Pod Security standard says of a pod."""

import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "helm"
Json = dict[str, Any]
LEAST: Mapping[str, Json] = {
    "hub": {
        "urls": {"portal": "https://portal.example.org"},
        "enrolment": {"bus": "tls://hub.example.org:4222"},
        "orchestrator": {"flare": {"host": "flare.example.org"}},
        "models": {"folder": "/srv/models"},
    },
    "gateway": {
        "tenant": "lakeside",
        "gateway": "gateway-1",
        "hub": {"nats": "tls://hub.example.org:4222"},
        "dal": {"sources": {"files": {"folder": "/home/datastore"}}},
        "models": {"folder": "/srv/models"},
    },
}
"""What has to be said; all else is as the chart has it."""
MINIO: Json = {
    "bucket": "cohorts",
    "endpoint": "https://minio.storage.svc:9000",
    "style": "virtual",
    "secret": "minio",
    "ca": True,
    "peers": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "storage"}}}],
}
EUROPE: Json = {"bucket": "scans", "region": "eu-central-1", "cidr": "198.51.100.0/24"}
BUCKETS: Json = {"dal": {"sources": {"files": {"folder": ""}, "s3": ["trials", EUROPE, MINIO]}}}
"""A gateway without a folder: a bucket by its name, one in another region, one in the same cluster."""
SECRETS_OF_BUCKETS = {"dal-s3", "minio"}
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def helm_lacks() -> str:
    return "" if importlib.util.find_spec("helm_python") else "needs helm-python-sdk"


def rendered(chart: str, values: Json | None = None) -> list[Json]:
    """The objects of a release, in an order that does not depend on file names; raises what Helm says of the values."""
    import helm_python  # noqa: PLC0415 - not everywhere

    given = merged(LEAST[chart], values or {})
    with helm_python.Chart.load(str(FOLDER / chart)) as loaded:
        texts = loaded.render(given, name=chart, namespace=f"fedpact-{chart}")
    objects = [one for text in texts.values() for one in yaml.safe_load_all(text) if one]
    return sorted(objects, key=lambda one: (one["kind"], one["metadata"]["name"]))


def merged(first: Json, second: Json) -> Json:
    both = {key: merged(first[key], value) for key, value in second.items() if isinstance(first.get(key), dict)}
    return {**first, **second, **both}


def pods(objects: list[Json]) -> Iterator[tuple[str, Json]]:
    """Name and specification of every pod that comes of the objects."""
    for one in objects:
        if "template" in one.get("spec", {}):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def one(objects: list[Json], kind: str, name: str) -> Json:
    """The object of a kind and name."""
    (found,) = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def told(pod: Json) -> dict[str, str]:
    """The environment of a pod's first container."""
    return {row["name"]: row["value"] for row in pod["containers"][0].get("env", ())}


def breaches(pod: Json) -> list[str]:
    """Where a pod does not keep to the `restricted` standard."""
    whole = pod.get("securityContext", {})
    found = [f"{key}" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    found += [f"volume {one['name']}" for one in pod.get("volumes", ()) if not VOLUMES & one.keys()]
    for one in (*pod.get("initContainers", ()), *pod["containers"]):
        own = one.get("securityContext", {})
        both = {**whole, **own}
        rules = {
            "root": both.get("runAsNonRoot") is True and both.get("runAsUser") != 0,
            "seccomp": both.get("seccompProfile", {}).get("type") in {"RuntimeDefault", "Localhost"},
            "escalation": own.get("allowPrivilegeEscalation") is False,
            "privileged": not own.get("privileged"),
            "capabilities": own.get("capabilities", {}) == {"drop": ["ALL"]},
            "host ports": not any(port.get("hostPort") for port in one.get("ports", ())),
        }
        found += [f"{one['name']}: {rule}" for rule, kept in rules.items() if not kept]
    return found
