"""Settings of identity. Secrets are in files; a setting that would let anybody in is refused off the own machine."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings
from fedpact.decision.actors import ISSUER
from fedpact.identity.domain.network import is_loopback


class Settings(HubSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_IDENTITY_", frozen=True, extra="ignore")

    database: str = "identity"
    key_file: Path = Field(description="private key that signs access tokens, made 0600 at the first start")
    bootstrap_file: Path | None = Field(default=None, description="JSON: organizations, users, service accounts")
    issuer: str = Field(default=ISSUER, description="`iss` of access tokens; every service expects the default")
    public_url: str | None = Field(default=None, description="where people and programs reach this service")
    access_seconds: int = Field(default=900, ge=10, le=3600, description="lifetime of an access token")
    login_seconds: int = Field(default=14 * 86400, ge=60, description="how long a login can be refreshed")
    device_seconds: int = Field(default=600, ge=1, le=1800, description="how long a device waits for approval")
    device_interval: int = Field(default=5, ge=1, le=60, description="seconds between two polls of a device")
    public_clients: tuple[str, ...] = Field(
        default=("fedpact-cli", "fedpact-portal"), description="programs without a secret that may log people in"
    )
    redirects: dict[str, tuple[str, ...]] = Field(
        default={}, description="client -> where a browser may be sent back to with a code; compared letter by letter"
    )
    enrolment_folder: Path | None = Field(
        default=None, description="what the hub's setup grants to enroll gateways; without it, all keys are the setup's"
    )
    bus_url: str | None = Field(
        default=None, description="where gateways reach the bus, such as tls://hub.example:4222"
    )
    bus_ca_file: Path | None = Field(default=None, description="the CA whose certificate the bus shows to gateways")
    policy_key_file: Path | None = Field(default=None, description="the policy service's public key, for gateways")
    gateway_days: int = Field(default=90, ge=1, le=730, description="lifetime of a gateway's credentials")
    dev_login: bool = Field(default=False, description="people log in without a password; loopback only")

    @model_validator(mode="after")
    def _dev_login_stays_at_home(self) -> Self:
        if self.dev_login and not is_loopback(self.host):
            raise ValueError("dev_login lets anybody in as anybody: it needs a host such as 127.0.0.1")
        return self
