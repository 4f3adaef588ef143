"""Settings of the jobs service."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings

_GIB = 2**30


class Settings(HubSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_JOBS_", frozen=True, extra="ignore")

    database: str = "jobs"
    upload_url: str = Field(
        description="where sites and the portal reach this service's HTTP, such as https://hub/jobs"
    )
    artifacts: Path = Field(description="folder that results are kept in")
    max_file_bytes: int = Field(default=8 * _GIB, gt=0, description="the largest result file")
    max_job_bytes: int = Field(default=32 * _GIB, gt=0, description="all result files of one job together")
    retention_days: float | None = Field(
        default=None, gt=0, description="an artifact is deleted so long after it was stored; for ever unless given"
    )
    cleaning_seconds: float = Field(
        default=3600.0, gt=0, description="pause between looks for content nobody refers to"
    )
    grace_seconds: float = Field(
        default=2.0, ge=0, description="how long a job waits for its agent's last word after its activation ended"
    )
