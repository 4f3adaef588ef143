"""Settings every service has. Subclass, set `env_prefix` to `FEDPACT_<SERVICE>_`, and add the service's own."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if value and (not (host and port.isdecimal()) or set(host) & set("/@:")):
        raise ValueError("an address is `host:port`, without a scheme and without a login")
    return (host, int(port)) if value else None


Port = Annotated[int, Field(gt=0, lt=65536)]
Address = Annotated[tuple[str, Port] | None, NoDecode, BeforeValidator(_address)]
"""`host:port`; nothing where it is empty."""
File = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
"""Nothing where it is empty, as a stack passes on what its operator did not set; not the folder one is in."""


class ServiceSettings(BaseSettings):
    """Secrets are files, never values: neither an environment listing nor a process list shows them."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    nats_url: str = "nats://127.0.0.1:4222"
    nats_seed_file: File = Field(default=None, description="NKey seed of this service, mode 0600")
    nats_creds_file: File = Field(default=None, description="credentials of this service, instead of a seed")
    nats_ca_file: File = Field(default=None, description="CA whose certificate the bus has to show")
    nats_server_name: str | None = Field(
        default=None, description="what the bus's certificate is for, where the address says something else"
    )
    nats_domain: str | None = Field(
        default=None, description="JetStream domain, where this service has an account of its own on the bus"
    )
    nats_linger_seconds: float = Field(
        default=2.0,
        ge=0,
        description="how long a stopping service stays to give back what the bus still hands to it; "
        "0 will do where the bus has no leaf nodes",
    )
    host: str = "127.0.0.1"
    port: int = Field(default=0, description="health and metrics, and the API where there is one; 0 picks a free one")
    retry_seconds: float = Field(default=30.0, description="how long a failing message is tried in place, in seconds")
    sweep_seconds: float = Field(default=5.0, description="pause between looks for what a crash or a replica left")
    tick_seconds: float = Field(default=0.5, description="pause between looks for timers that have come due")
    otlp_endpoint: str | None = Field(default=None, description="OTLP over HTTP collector for traces")
    log_level: str = "INFO"

    @field_validator("nats_seed_file", "nats_creds_file", "nats_ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        """Stacks pass on what is not set as an empty text."""
        return None if value == "" else value


class HubSettings(ServiceSettings):
    """A hub service keeps its aggregates in MongoDB."""

    mongo_url_file: Path = Field(description="file with the MongoDB URL of this service's own user, mode 0600")
    database: str = Field(description="this service's own database")
    socket: File = Field(
        default=None, description="a Unix socket to answer on besides `host` and `port`, for this service's user alone"
    )
