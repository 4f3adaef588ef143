"""Settings of the scheduler."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings
from fedpact.contracts.envelope import Strict
from fedpact.scheduler.domain.culling import Culling

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def _duration(value: Any) -> Any:
    """`90s`, `30m`, `12h` or `2d`, or whatever pydantic takes for a duration."""
    found = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else value


def _cron(value: str) -> str:
    try:
        next(CronSim(value, _SOME_DAY))
    except CronSimError as error:
        raise ValueError(f"`{value}` is not a cron schedule such as `0 23 * * *`: {error}") from error
    except StopIteration as error:
        raise ValueError(f"the schedule `{value}` never comes") from error
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"`{value}` is not a time zone such as `Europe/Berlin`") from error
    return value


class EnvironmentCulling(Strict):
    """Ending activations that stand idle."""

    enabled: bool = True
    schedule: Annotated[str, AfterValidator(_cron)] = Field(default="0 23 * * *", description="when to look, as cron")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(default="UTC", description="how to read the schedule")
    threshold: Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta())] = Field(
        default=timedelta(hours=12), description="how long an activation may be idle, such as `12h`"
    )

    @property
    def rule(self) -> Culling:
        return Culling(
            enabled=self.enabled, schedule=self.schedule, zone=ZoneInfo(self.timezone), threshold=self.threshold
        )


class Settings(HubSettings):
    model_config = SettingsConfigDict(
        env_prefix="FEDPACT_SCHEDULER_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    database: str = "scheduler"
    bypasses: int = Field(default=8, ge=0, description="how often younger gangs may take what an older one lacks")
    weights: dict[str, Annotated[float, Field(gt=0, le=1000)]] = Field(
        default_factory=dict, description="organization -> how much it may hold beside others; 1 unless named"
    )
    environment_culling: EnvironmentCulling = EnvironmentCulling()
