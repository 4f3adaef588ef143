"""
What a Kubernetes cluster is asked for, to run a pod: manifests from values, no I/O.

A workload is four objects of one name. The network policy comes first and goes last: whoever made it has taken the
name, and nothing ever runs without one. Then a secret with what is the workload's own (kit, environment), for a server
a service, and the pod. The pod fits the `restricted` Pod Security standard, knows no service account and sees of the
cluster what its policy lets through. Paths inside are the pod's own, as in `domain.containers`.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from fedpact.contracts.pact import cpu_needed
from fedpact.gateway_agent.domain.marks import PARTICIPANT, activation, labels, object_name
from fedpact.gateway_agent.domain.pods import Pod, PodName

Json = dict[str, JsonValue]
CONTAINER = "workload"
LOG = "fedpact.org/log"
"""Annotation: where the console is written to, on the agent's machine."""
MEMORY = "fedpact.org/memory"
"""Annotation: megabytes it may use."""
SEALED = ("startup", "local")
"""Parts of a kit that the workload may read and nothing else."""
DNS = 53
GRACE = 3
"""Seconds between asking a pod to end and killing it: FLARE ends when it is asked, and its jobs were ended before."""
_API = {"pods": "", "pods/log": "", "secrets": "", "services": "", "networkpolicies": "networking.k8s.io"}
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "pods": ("create", "delete", "get", "list", "watch"),
    "pods/log": ("get",),
    "secrets": ("create", "delete"),
    "services": ("create", "delete"),
    "networkpolicies": ("create", "delete", "list", "watch"),
}
"""Resource -> what the agent does with it, in its own namespace and nowhere else. It never reads a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """
    Where one agent's pods live.

    `service` is how a server is reached: inside the cluster, on a port of every node, or by a balancer. `workspace` is
    in megabytes. `policed` says that the cluster's network really holds pods to network policies; not every one does.
    """

    agent: str
    namespace: str
    user: int = 3333
    group: int = 3333
    workspace: int = 10_000
    service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    pull_secrets: tuple[str, ...] = ()
    gpu: str = "nvidia.com/gpu"
    runtime_class: str = ""
    policed: bool = False

    def __post_init__(self) -> None:
        if not (self.user and self.group):
            raise ValueError("workloads do not run as root")

    def host_of(self, name: PodName) -> str:
        """Where what a workload listens on is reached inside the cluster."""
        return f"{object_name(self.agent, name)}.{self.namespace}"

    @property
    def limits(self) -> tuple[str, ...]:
        """What a cluster holds pods to."""
        return ("cpu", "memory", "network") if self.policed else ("cpu", "memory")


def role(cluster: Cluster, name: str) -> Json:
    """All that the agent may do in the cluster."""
    rules: list[JsonValue] = [
        {"apiGroups": [_API[resource]], "resources": [resource], "verbs": [*verbs]}
        for resource, verbs in RIGHTS.items()
    ]
    metadata: Json = {"name": name, "namespace": cluster.namespace}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules}


def network_policy(pod: Pod, cluster: Cluster) -> Json:
    """A server is reached on its port, and nothing else is; what a pod reaches are names and the ports it says."""
    chosen: Json = {"matchLabels": _chosen(cluster, pod.name)}
    names: Json = {"ports": [{"protocol": protocol, "port": DNS} for protocol in ("UDP", "TCP")]}
    ports: list[JsonValue] = [{"protocol": "TCP", "port": port} for port in sorted(set(pod.reaches))]
    spec: Json = {
        "podSelector": chosen,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": pod.port}]}] if pod.port else [],
        "egress": [names, {"ports": ports}] if ports else [],
    }
    return _object("networking.k8s.io/v1", "NetworkPolicy", pod.name, cluster) | {"spec": spec}


def secret(pod: Pod, cluster: Cluster, contents: Mapping[str, bytes]) -> Json:
    """Kit and environment; `contents` are files of the kit by their path in it."""
    files = {_file_key(path): content for path, content in contents.items()}
    env = {_env_key(name): value.encode() for name, value in pod.env.items()}
    data: Json = {key: base64.b64encode(value).decode() for key, value in sorted({**files, **env}.items())}
    return _object("v1", "Secret", pod.name, cluster) | {"type": "Opaque", "immutable": True, "data": data}


def service(pod: Pod, cluster: Cluster) -> Json:
    """How a server is reached; on nodes its port is the same as inside."""
    port: Json = {"name": "flare", "protocol": "TCP", "port": pod.port, "targetPort": pod.port}
    if cluster.service == "NodePort":
        port["nodePort"] = pod.port
    spec: Json = {"type": cluster.service, "selector": _chosen(cluster, pod.name), "ports": [port]}
    return _object("v1", "Service", pod.name, cluster) | {"spec": spec}


def workload(pod: Pod, cluster: Cluster, contents: Mapping[str, bytes]) -> Json:
    """The pod itself."""
    notes: Json = {LOG: str(pod.log), MEMORY: str(pod.resources.memory)}
    made = _object("v1", "Pod", pod.name, cluster)
    metadata = made["metadata"]
    assert isinstance(metadata, dict)
    return made | {"metadata": {**metadata, "annotations": notes}, "spec": _spec(pod, cluster, contents)}


def _spec(pod: Pod, cluster: Cluster, contents: Mapping[str, bytes]) -> Json:
    spec: Json = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE,
        "shareProcessNamespace": True,  # so that FLARE is not process 1, which no signal ends that it does not handle
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": cluster.user,
            "runAsGroup": cluster.group,
            "fsGroup": cluster.group,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(pod, cluster)],
        "volumes": [
            {"name": "workspace", "emptyDir": {"sizeLimit": f"{cluster.workspace}M"}},
            *(_sealed(pod, cluster, part, contents) for part in SEALED),
        ],
    }
    if cluster.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in cluster.pull_secrets]
    return spec | ({"runtimeClassName": cluster.runtime_class} if cluster.runtime_class else {})


def _container(pod: Pod, cluster: Cluster) -> Json:
    name = object_name(cluster.agent, pod.name)
    held: Json = {"cpu": f"{cpu_needed(pod.resources.cpu)}m", "memory": f"{pod.resources.memory}M"}
    if pod.resources.gpu:
        held[cluster.gpu] = str(pod.resources.gpu)
    container: Json = {
        "name": CONTAINER,
        "image": pod.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*pod.command],
        "workingDir": str(pod.kit),
        "env": [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": name, "key": _env_key(key)}}}
            for key in sorted(pod.env)
        ],
        "resources": {"requests": held, "limits": held},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [*_writable(pod), *(_mounted(pod, part) for part in SEALED)],
    }
    if pod.port:
        answers: Json = {"tcpSocket": {"port": pod.port}, "periodSeconds": 1}
        container |= {"ports": [{"name": "flare", "containerPort": pod.port}], "readinessProbe": answers}
    return container


def _writable(pod: Pod) -> list[JsonValue]:
    """One volume for all that may be written; each place is a folder of it."""
    places = {"kit": pod.kit, "kit/transfer": pod.kit / "transfer", "tmp": Path("/tmp")}  # noqa: S108 - its own
    if pod.scratch:
        places["scratch"] = pod.scratch
    return [
        {"name": "workspace", "mountPath": str(path), "subPath": folder.replace("/", "-")}
        for folder, path in places.items()
    ]


def _mounted(pod: Pod, part: str) -> Json:
    return {"name": part, "mountPath": str(pod.kit / part), "readOnly": True}


def _sealed(pod: Pod, cluster: Cluster, part: str, contents: Mapping[str, bytes]) -> Json:
    """Those files of the secret that are below `part`; of none an empty folder."""
    inside = sorted(path for path in contents if path.startswith(f"{part}/"))
    if not inside:
        return {"name": part, "emptyDir": {"sizeLimit": "1M"}}
    items: list[JsonValue] = [{"key": _file_key(path), "path": path.removeprefix(f"{part}/")} for path in inside]
    name = object_name(cluster.agent, pod.name)
    return {"name": part, "secret": {"secretName": name, "defaultMode": 0o440, "items": items}}


def _object(version: str, kind: str, name: PodName, cluster: Cluster) -> Json:
    marks: Json = {**labels(cluster.agent, name)}
    metadata: Json = {"name": object_name(cluster.agent, name), "namespace": cluster.namespace, "labels": marks}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _chosen(cluster: Cluster, name: PodName) -> Json:
    """The labels by which this one pod is meant."""
    return {**activation(cluster.agent, name), PARTICIPANT: name.participant}


def _file_key(path: str) -> str:
    """A secret's keys have no slash; what a kit holds has no other `..`."""
    return "kit." + path.replace("/", "..")


def _env_key(name: str) -> str:
    return f"env.{name}"
