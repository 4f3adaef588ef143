"""Settings of the registry."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings


class Settings(HubSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_REGISTRY_", frozen=True, extra="ignore")

    database: str = "registry"
    bootstrap_file: Path | None = Field(default=None, description="JSON: gateways to register at the first start")
