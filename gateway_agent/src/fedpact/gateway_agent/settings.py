"""What a site's operator sets, as `FEDPACT_AGENT_*`. The same program for both roles; a role ignores the other's."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fedpact.chassis.settings import Address, ServiceSettings
from fedpact.contracts.ids import Id
from fedpact.contracts.pact import Limit, Resources
from fedpact.contracts.registry import Capability

Words = Annotated[tuple[str, ...], NoDecode]
"""Separated by commas."""
Domain = Annotated[
    str, Field(max_length=100, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")
]


OWN_PORT = 8002
"""Where a server listens that has an address of its own."""


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_AGENT_", frozen=True, extra="ignore")

    role: Literal["gateway", "orchestrator"] = "gateway"
    gateway: Id = Field(description="this site's own name, the last token of what it says")
    organization: Id = Field(description="who runs this site")
    state_folder: Path = Field(description="this agent's own folder, absolute: store, kits, logs, results on their way")
    models_dir: Path = Field(description="model packages of this site, `<models_dir>/<id>`")
    cpu: float = Field(default_factory=lambda: float(os.cpu_count() or 1), gt=0, description="allotted cores")
    gpu: int = Field(default=0, ge=0, description="allotted GPUs")
    memory: int = Field(default=8000, ge=1, description="allotted memory in megabytes")
    python: str = Field(default=sys.executable, description="the interpreter that runs FLARE")
    spoke_seconds: float = Field(default=60.0, gt=0, description="pause between announcements of this site")
    alive_seconds: float = Field(default=5.0, gt=0, description="pause between signs of life")
    count_seconds: float = Field(default=30.0, gt=0, description="pause between inventories")
    launcher: Literal["process", "docker", "kubernetes"] = Field(
        default="process", description="what a workload is: a process of this machine, a container, a pod"
    )
    launcher_label: Id | None = Field(
        default=None,
        description="tells this agent's containers from those of another on one engine; `gateway` unless given",
    )
    model_images: Path | None = Field(
        default=None, description="docker, kubernetes: file of package digests and the image of each, pinned by digest"
    )
    docker_url: str | None = Field(default=None, description="docker: the engine, such as `unix:///run/engine.sock`")
    docker_logins: Path | None = Field(default=None, description="docker: a file as `docker login` writes it")
    docker_networks: Words = Field(default=(), description="docker: networks that a workload joins beside its own")
    docker_neighbours: Words = Field(
        default=(), description="docker: `container=name` of what a workload reaches by that name, such as the DAL"
    )
    docker_publish: str = Field(
        default="127.0.0.1", description="docker: address that servers are published on; empty: reached by name"
    )
    kubernetes_namespace: str = Field(default="", description="kubernetes: where pods are made")
    kubernetes_config: Path | None = Field(
        default=None, description="kubernetes: a kubeconfig; in a pod none is needed"
    )
    kubernetes_service: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    kubernetes_pull_secrets: Words = Field(default=(), description="kubernetes: names of secrets to fetch images with")
    kubernetes_policed: bool = Field(default=False, description="kubernetes: the cluster enforces network policies")
    kubernetes_workspace: int = Field(
        default=10_000, ge=100, description="kubernetes: megabytes of disk for a workload"
    )
    kubernetes_gpu: str = Field(default="nvidia.com/gpu", description="kubernetes: what a GPU is called")
    kubernetes_runtime_class: str = Field(default="", description="kubernetes: of pods that need one")
    limits: Annotated[tuple[Limit, ...], NoDecode] = Field(
        default=tuple(Limit), description="process: what workloads are held to, wherever this machine has the means"
    )
    hidden: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="process: folders, absolute, that a jailed workload does not see; `state_folder` is one"
    )
    end_workloads: bool = Field(default=False, description="end all workloads when the agent is told to end")

    trust_folder: Path | None = Field(default=None, description="gateway: whom this site believes, and its veto.json")
    allow_unsigned: bool = Field(default=False, description="gateway: accept policies that nobody signed")
    dal_url: str = Field(default="", description="gateway: where workloads find the DAL")
    dal_admin_socket: Path | None = Field(default=None, description="gateway: where the agent speaks to the DAL")
    admin_socket: Path | None = Field(default=None, description="gateway: where a steward speaks to the agent")
    inbox: Path | None = Field(
        default=None,
        description="gateway: a folder, absolute, whose entries stewards may propose as datasets through the hub",
    )
    key_file: Path | None = Field(default=None, description="gateway: key of the DAL's tokens, made when missing")
    token_hours: float = Field(default=24.0, gt=0, le=720, description="gateway: an activation's longest life")

    renewed_creds_file: Path | None = Field(
        default=None, description="credentials for the bus that this agent renews; `nats_creds_file` unless given"
    )
    proxy: Address = Field(
        default=None, description="gateway: `host:port` of the HTTP proxy that leads outside, if only one does"
    )
    proxy_login_file: Path | None = Field(default=None, description="gateway: `user:password` for the proxy, mode 0600")

    flare_via: Address = Field(
        default=None, description="gateway: `host:port` where workloads find the hub's entrance, if not where it says"
    )

    flare_host: str = Field(default="localhost", description="orchestrator: the name FLARE servers are reached by")
    flare_entrance: Address = Field(
        default=None,
        description="orchestrator: `host:port` of the entrance as gateways reach it; none: server by server",
    )
    flare_domain: Domain = Field(
        default="fedpact.internal", description="orchestrator: ends the names of FLARE servers; need not be resolvable"
    )
    flare_routes: Path | None = Field(
        default=None, description="orchestrator: the folder the entrance reads; `<state_folder>/routes` unless given"
    )
    flare_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(), description="orchestrator: ports for FLARE servers, such as `8100-8199`; empty is any"
    )
    results_seconds: float = Field(default=300.0, gt=0, description="orchestrator: how long results may take to store")
    ready_seconds: float = Field(default=180.0, gt=0, description="orchestrator: how long sites may take to connect")

    @field_validator("flare_ports", mode="before")
    @classmethod
    def _range(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        first, _, last = value.partition("-")
        return tuple(range(int(first), int(last or first) + 1)) if first else ()

    @field_validator(
        "limits",
        "hidden",
        "docker_networks",
        "docker_neighbours",
        "kubernetes_pull_secrets",
        mode="before",
        check_fields=True,
    )
    @classmethod
    def _words(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = ("trust_folder", "dal_url", "dal_admin_socket", "key_file")
        missing = [name for name in needed if not getattr(self, name)] if self.role == "gateway" else []
        if missing:
            raise ValueError(f"a gateway needs {', '.join(missing)}")
        if self.contained and self.model_images is None:
            raise ValueError(f"with the launcher `{self.launcher}` an agent needs model_images")
        if self.launcher == "kubernetes" and not self.kubernetes_namespace:
            raise ValueError("with the launcher `kubernetes` an agent needs kubernetes_namespace")
        if wrong := [word for word in self.docker_neighbours if not all(word.partition("="))]:
            raise ValueError(f"`{wrong[0]}` names no neighbour; write `container=name`")
        for name, folder in (("state_folder", self.state_folder), ("inbox", self.inbox)):
            if folder is not None and not folder.is_absolute():
                raise ValueError(f"{name} is an absolute path")
        return self

    @property
    def renewed(self) -> Path | None:
        """The credentials that end unless this agent renews them."""
        return self.renewed_creds_file or self.nats_creds_file

    @property
    def totals(self) -> Resources:
        return Resources(cpu=self.cpu, gpu=self.gpu, memory=self.memory)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What this site can do, and what it lets others do."""
        proposals = (Capability.PROPOSALS,) if self.role == "gateway" and self.inbox else ()
        unsigned = (Capability.UNSIGNED_POLICIES,) if self.role == "gateway" and self.allow_unsigned else ()
        means = {"process": "processes", "docker": "containers", "kubernetes": "pods"}
        return ("nvflare", means[self.launcher], *proposals, *unsigned)

    @property
    def contained(self) -> bool:
        """Whether workloads run from images."""
        return self.launcher != "process"

    @property
    def apart(self) -> bool:
        """Whether each workload has an address of its own, so that servers need no ports of their own."""
        published = self.docker_published if self.launcher == "docker" else self.kubernetes_service == "NodePort"
        return self.contained and not published

    @property
    def docker_published(self) -> str:
        """Neighbours reach a server by its name, and nobody else reaches it."""
        return "" if self.docker_neighbours else self.docker_publish

    @property
    def server_host(self) -> str:
        """The name that all servers are reached by; empty where each has its own."""
        return self.flare_host if "flare_host" in self.model_fields_set or not self.contained else ""

    @property
    def server_ports(self) -> tuple[int, ...]:
        return self.flare_ports or ((OWN_PORT,) if self.apart else ())

    @property
    def routes(self) -> Path:
        return self.flare_routes or self.state_folder / "routes"

    @property
    def activations(self) -> Path:
        return self.state_folder / "activations"

    @property
    def token_lifetime(self) -> timedelta:
        return timedelta(hours=self.token_hours)
