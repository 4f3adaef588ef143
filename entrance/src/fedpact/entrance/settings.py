"""What an operator of a hub sets, as `FEDPACT_ENTRANCE_*`. `host` and `port` are for health and metrics."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_ENTRANCE_", frozen=True, extra="ignore")

    routes: Path = Field(description="the folder of routes that the orchestrator's agent keeps")
    public_host: str = Field(default="127.0.0.1", description="where gateways are heard")
    public_port: int = Field(default=8443, ge=0, lt=65536, description="the one port that gateways come to")
    connections: int = Field(default=2048, ge=1, description="most connections at once")
    per_peer: int = Field(default=512, ge=1, description="most connections at once from one address")
    hello_seconds: float = Field(default=5.0, gt=0, description="how long a client may take to name its server")
    connect_seconds: float = Field(default=5.0, gt=0, description="how long a server may take to answer")
    idle_seconds: float = Field(default=120.0, gt=0, description="a connection over which nothing passes is cut")
