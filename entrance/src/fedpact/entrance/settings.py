"""What an operator sets, as `FEDPACT_ENTRANCE_*`. `host` and `port` are for health and metrics."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fedpact.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_ENTRANCE_", frozen=True, extra="ignore")

    routes: Path | None = Field(
        default=None, description="hub: the folder of routes that the orchestrator's agent keeps"
    )
    onward: Annotated[tuple[str, Annotated[int, Field(gt=0, lt=65536)]] | None, NoDecode] = Field(
        default=None, description="gateway: `host:port` where all that comes is led to: the hub's entrance, or a proxy"
    )
    public_host: str = Field(default="127.0.0.1", description="where gateways are heard")
    public_port: int = Field(default=8443, ge=0, lt=65536, description="the one port that gateways come to")
    connections: int = Field(default=2048, ge=1, description="most connections at once")
    per_peer: int = Field(default=512, ge=1, description="most connections at once from one address")
    hello_seconds: float = Field(default=5.0, gt=0, description="how long a client may take to name its server")
    connect_seconds: float = Field(default=5.0, gt=0, description="how long a server may take to answer")
    idle_seconds: float = Field(default=120.0, gt=0, description="a connection over which nothing passes is cut")

    @field_validator("onward", mode="before")
    @classmethod
    def _address(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        host, _, port = value.rpartition(":")
        if value and not (host and port.isdecimal()):
            raise ValueError("an address is `host:port`")
        return (host, int(port)) if value else None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.routes is None) == (self.onward is None):
            raise ValueError("an entrance has either routes or onward: names lead to servers, or all to one place")
        return self
