"""What an operator sets, as `FEDPACT_ENTRANCE_*`. `host` and `port` are for health and metrics."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import Address, ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_ENTRANCE_", frozen=True, extra="ignore")

    routes: Path | None = Field(
        default=None, description="hub: the folder of routes that the orchestrator's agent keeps"
    )
    onward: Address = Field(
        default=None, description="gateway: `host:port` of the hub's entrance, where all that comes is led to"
    )
    proxy: Address = Field(default=None, description="gateway: `host:port` of the HTTP proxy on the way there, if any")
    proxy_login_file: Path | None = Field(default=None, description="gateway: `user:password` for the proxy, mode 0600")
    public_host: str = Field(default="127.0.0.1", description="where gateways are heard")
    public_port: int = Field(default=8443, ge=0, lt=65536, description="the one port that gateways come to")
    connections: int = Field(default=2048, ge=1, description="most connections at once")
    per_peer: int = Field(default=512, ge=1, description="most connections at once from one address")
    hello_seconds: float = Field(default=5.0, gt=0, description="how long a client may take to name its server")
    connect_seconds: float = Field(default=5.0, gt=0, description="how long a server may take to answer")
    idle_seconds: float = Field(default=120.0, gt=0, description="a connection over which nothing passes is cut")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.routes is None) == (self.onward is None):
            raise ValueError("an entrance has either routes or onward: names lead to servers, or all to one place")
        if self.proxy and not self.onward:
            raise ValueError("a proxy is on the way onward: servers of a hub are reached without one")
        return self
