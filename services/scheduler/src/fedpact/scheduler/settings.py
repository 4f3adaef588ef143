"""Settings of the scheduler."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings


class Settings(HubSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_SCHEDULER_", frozen=True, extra="ignore")

    database: str = "scheduler"
    bypasses: int = Field(default=8, ge=0, description="how often younger gangs may take what an older one lacks")
