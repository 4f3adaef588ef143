"""Environment of the spec-lifecycle service; every variable starts with FEDPACT_SPEC_LIFECYCLE_."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings
from fedpact.spec_lifecycle.domain.model import Limits

_USUAL = Limits()


class Settings(HubSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_SPEC_LIFECYCLE_", frozen=True, extra="ignore")

    database: str = "spec_lifecycle"
    grant_seconds: float = Field(
        default=_USUAL.grant.total_seconds(), description="from the capacity until policy has signed the grants"
    )
    prepare_seconds: float = Field(
        default=_USUAL.prepare.total_seconds(), description="from the grants until every site is connected"
    )
    stop_seconds: float = Field(default=_USUAL.stop.total_seconds(), description="until what does not stop is fenced")
    backoff_seconds: float = Field(
        default=_USUAL.backoff.total_seconds(), description="before asking again for capacity a gateway refused"
    )

    @property
    def limits(self) -> Limits:
        return Limits(
            grant=timedelta(seconds=self.grant_seconds),
            prepare=timedelta(seconds=self.prepare_seconds),
            stop=timedelta(seconds=self.stop_seconds),
            backoff=timedelta(seconds=self.backoff_seconds),
        )
