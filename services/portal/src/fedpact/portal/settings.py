"""Settings of the portal, `FEDPACT_PORTAL_*`."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings
from fedpact.contracts.subjects import MAIN
from fedpact.portal.app.ports import IDENTITY


class Settings(HubSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_PORTAL_", frozen=True, extra="ignore")

    database: str = "portal"
    issuer_url: str = Field(default="http://127.0.0.1:8081", description="where people log in")
    identity_url: str | None = Field(
        default=None,
        pattern=r"^(https?://[^/]+|unix:/.+)$",
        description="where identity listens inside the hub, `http://host:port` or `unix:/path`: people then reach it "
        "through the portal, below `/identity`, and `issuer_url` says so",
    )
    client_id: str = Field(default="fedpact-portal", description="what the pages are called at the issuer")
    public_url: str | None = Field(
        default=None, description="where browsers reach the pages; with https, cookies are Secure"
    )
    login_seconds: int = Field(default=12 * 3600, ge=60, description="after how long a browser has to log in again")
    channel: str = Field(default=MAIN, description="the one channel this portal serves")
    outcome_seconds: float = Field(default=10.0, description="how long a write waits for its outcome before 202")
    sequence_seconds: float = Field(default=2.0, description="how long a read waits for `min_sequence`")
    heartbeat_seconds: float = Field(default=15.0, description="how often a silent event stream says that it lives")
    silent_seconds: float = Field(default=20.0, gt=0, description="after how long without a word a site is silent")
    first_step: str = Field(default="", description="what the pages suggest where nothing is there yet")
    stream_seconds: float = Field(default=900.0, description="after how long an event stream ends, to log in anew")

    @model_validator(mode="after")
    def _people_find_identity(self) -> Self:
        issuer = self.issuer_url.rstrip("/")
        if self.identity_url and issuer != (self.public_url or issuer.removesuffix(IDENTITY)).rstrip("/") + IDENTITY:
            raise ValueError(f"with `identity_url`, `issuer_url` has to be the portal's `public_url` and `{IDENTITY}`")
        return self
