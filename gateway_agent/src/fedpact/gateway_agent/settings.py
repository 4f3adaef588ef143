"""What a site's operator sets, as `FEDPACT_AGENT_*`. The same program for both roles; a role ignores the other's."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fedpact.chassis.settings import ServiceSettings
from fedpact.contracts.ids import Id
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import Capability


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

    flare_host: str = Field(default="localhost", description="orchestrator: the name clients reach FLARE servers by")
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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = ("trust_folder", "dal_url", "dal_admin_socket", "key_file")
        missing = [name for name in needed if not getattr(self, name)] if self.role == "gateway" else []
        if missing:
            raise ValueError(f"a gateway needs {', '.join(missing)}")
        for name, folder in (("state_folder", self.state_folder), ("inbox", self.inbox)):
            if folder is not None and not folder.is_absolute():
                raise ValueError(f"{name} is an absolute path")
        return self

    @property
    def totals(self) -> Resources:
        return Resources(cpu=self.cpu, gpu=self.gpu, memory=self.memory)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What this site can do, and what it lets others do."""
        proposals = (Capability.PROPOSALS,) if self.role == "gateway" and self.inbox else ()
        unsigned = (Capability.UNSIGNED_POLICIES,) if self.role == "gateway" and self.allow_unsigned else ()
        return ("nvflare", "processes", *proposals, *unsigned)

    @property
    def activations(self) -> Path:
        return self.state_folder / "activations"

    @property
    def token_lifetime(self) -> timedelta:
        return timedelta(hours=self.token_hours)
