"""
What a Docker engine is asked for, to run a pod: documents from values, no I/O.

A container gets less than the engine would give it: no right of root's, nothing of the file system to write to but
memory, a bridge of its activation's own. Paths inside are the pod's own, so the same command, environment and kit
work in a container as in a process. What FLARE may do lies in `startup` and `local`: root's files in volumes, which
the workload reads and cannot change; they are filled between creation and start, so that no folder of the engine's
machine has to be shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from fedpact.gateway_agent.domain.marks import activation, activation_name, labels, object_name
from fedpact.gateway_agent.domain.pods import Pod, PodName

Json = dict[str, JsonValue]
MEGABYTE = 10**6
NANO = 10**9
LOG = "fedpact.org/log"
"""Label: where the container's console is written to, on the agent's machine."""
MEMORY = "fedpact.org/memory"
"""Label: megabytes it may use."""
SEALED = ("startup", "local")
"""Parts of a kit that the workload may read and nothing else."""
RELAYED = ("127.", "0.", "::")
"""Beginnings of addresses that lead to a relay of the engine's, which accepts whether or not a server listens."""
UNADDRESSED = "com.docker.network.bridge.inhibit_ipv4"
"""The engine's machine gets no address in the network: an internal one leads to whatever listens there otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """
    Where one agent's containers live.

    `networks` are joined besides the activation's own, to reach the DAL; `publish_on` is the address of the engine's
    machine that servers are reached at, empty where they are reached by name. `neighbours` are containers, and their
    names there, that are brought into the activation's own network: then it leads nowhere else, neither outside nor to
    the engine's machine. `user` and `group` run the workload and are never root's.
    """

    agent: str
    user: int = 3333
    group: int = 3333
    processes: int = 4096
    networks: tuple[str, ...] = ()
    publish_on: str = "127.0.0.1"
    neighbours: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.user and self.group):
            raise ValueError("workloads do not run as root")
        if self.neighbours and (self.networks or self.publish_on):
            raise ValueError("what has neighbours is reached by them alone: join no networks and publish nothing")

    @property
    def limits(self) -> tuple[str, ...]:
        """What a workload is held to because of where it lives."""
        return ("network",) if self.neighbours else ()

    @property
    def relayed(self) -> bool:
        """Whether servers are reached through a relay of the engine's."""
        return self.publish_on.startswith(RELAYED)

    def host_of(self, name: PodName) -> str:
        """Where what a workload listens on is reached."""
        return self.publish_on or object_name(self.agent, name)


def container(pod: Pod, yard: Yard) -> Json:
    """The container of `pod`, to be created and not yet started."""
    published: Json = {"ExposedPorts": {_tcp(pod.port): {}}} if pod.port else {}
    notes = {LOG: str(pod.log), MEMORY: str(pod.resources.memory)}
    return {
        "Image": pod.image,
        "Entrypoint": [pod.command[0]],
        "Cmd": [*pod.command[1:]],
        "Env": [f"{key}={value}" for key, value in sorted(pod.env.items())],
        "WorkingDir": str(pod.kit),
        "User": f"{yard.user}:{yard.group}",
        "Labels": {**labels(yard.agent, pod.name), **notes},
        "HostConfig": _host(pod, yard),
        **published,
    }


def network(yard: Yard, name: PodName) -> Json:
    """The activation's own network at this site."""
    marks: Json = {**activation(yard.agent, name)}
    made: Json = {
        "Name": activation_name(yard.agent, name),
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Labels": marks,
    }
    return made | ({"Internal": True, "Options": {UNADDRESSED: "true"}} if yard.neighbours else {})


def volume_name(yard: Yard, name: PodName, part: str) -> str:
    return f"{object_name(yard.agent, name)}-{part}"


def is_pinned(image: str) -> bool:
    """Whether the reference names one content for ever: a digest, or the id of an image that is here."""
    _, _, digest = image.rpartition("@")
    return digest.startswith("sha256:") and len(digest) == len("sha256:") + 64


def registry_of(image: str) -> str:
    """The registry that the reference names; the engine's default one has no name here."""
    first, slash, _ = image.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else ""


def enforced(engine: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The limits that an engine, by its own account, really holds containers to."""
    means = {"cpu": "CpuCfsQuota", "memory": "MemoryLimit", "processes": "PidsLimit"}
    return tuple(limit for limit, means_by in means.items() if engine.get(means_by) is True)


def _host(pod: Pod, yard: Yard) -> Json:
    memory = pod.resources.memory * MEGABYTE
    host: Json = {
        "NanoCpus": round(pod.resources.cpu * NANO),
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": yard.processes,
        "ReadonlyRootfs": True,
        "Tmpfs": {str(folder): _tmpfs(yard, memory) for folder in _writable(pod)},
        "Mounts": [_volume(pod, yard, part) for part in SEALED],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "NetworkMode": activation_name(yard.agent, pod.name),
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "20m", "max-file": "2"}},
    }
    if pod.port and yard.publish_on:
        host["PortBindings"] = {_tcp(pod.port): [{"HostIp": yard.publish_on, "HostPort": str(pod.port)}]}
    if pod.resources.gpu:
        host["DeviceRequests"] = [{"Count": pod.resources.gpu, "Capabilities": [["gpu"]]}]
    return host


def _writable(pod: Pod) -> tuple[Path, ...]:
    scratch = pod.scratch
    return (pod.kit, pod.kit / "transfer", Path("/tmp"), *((scratch,) if scratch else ()))  # noqa: S108 - its own


def _tmpfs(yard: Yard, size: int) -> str:
    """Memory that counts to the container's own, so its limit is the limit."""
    return f"rw,nosuid,nodev,noexec,size={size},mode=0700,uid={yard.user},gid={yard.group}"


def _volume(pod: Pod, yard: Yard, part: str) -> Json:
    marks: Json = {**labels(yard.agent, pod.name)}
    return {
        "Type": "volume",
        "Source": volume_name(yard, pod.name, part),
        "Target": str(pod.kit / part),
        "VolumeOptions": {"NoCopy": True, "Labels": marks},
    }


def _tcp(port: int) -> str:
    return f"{port}/tcp"
