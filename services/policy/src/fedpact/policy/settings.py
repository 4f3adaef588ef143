"""Settings of the policy service."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings


class Settings(HubSettings):
    """Read from the environment, `FEDPACT_POLICY_*`."""

    model_config = SettingsConfigDict(env_prefix="FEDPACT_POLICY_", frozen=True, extra="ignore")

    database: str = "policy"
    key_file: Path = Field(description="the key that signs grants, PEM, mode 0600; made at the first start")
    public_key_file: Path | None = Field(
        default=None, description="where its public half is written for gateways to pin; `<key_file>.pub` if left out"
    )
    owner_keys_dir: Path | None = Field(
        default=None, description="`<organization>/*.pem`: public keys that owners sign policies with"
    )
    require_signatures: bool = Field(default=False, description="refuse unsigned policies")
    grant_minutes: float = Field(default=10.0, gt=0, le=60, description="how long a grant holds, in minutes")

    @property
    def public_key(self) -> Path:
        """Where the public key is written."""
        return self.public_key_file or self.key_file.with_name(f"{self.key_file.name}.pub")
