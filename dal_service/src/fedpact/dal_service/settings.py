"""What a custodian sets, as `FEDPACT_DAL_*`."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fedpact.chassis.settings import ServiceSettings
from fedpact.contracts.envelope import Strict
from fedpact.contracts.ids import Id
from fedpact.dal_service.domain.buckets import Bucket
from fedpact.dal_service.domain.paths import BUCKET


class AllowedBucket(Strict):
    """A bucket that may be read, and as whom. Keys are in a file, never here."""

    bucket: Annotated[str, Field(pattern=f"^{BUCKET}$")]
    endpoint: Annotated[str, Field(pattern=r"^(https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?)?$")] = ""
    """`https://host:port`; AWS in `region` unless given."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "us-east-1"
    style: Literal["path", "virtual"] = "path"
    """Whether the bucket is in the path or the first part of the server's name."""
    credentials: Path
    """As AWS's tools write it: `[default]`, `aws_access_key_id`, `aws_secret_access_key`."""
    ca: Path | None = None
    """Certificates of who vouches for a private endpoint."""

    @property
    def place(self) -> Bucket:
        return Bucket(
            name=self.bucket,
            endpoint=self.endpoint or f"https://s3.{self.region}.amazonaws.com",
            region=self.region,
            virtual=self.style == "virtual",
            credentials=self.credentials,
            ca=self.ca,
        )


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_DAL_", frozen=True, extra="ignore")

    gateway: Id = Field(description="the gateway whose agent signs the tokens")
    sources_files_folder: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="allowed roots, absolute; several are separated by `:`"
    )
    sources_s3: tuple[AllowedBucket, ...] = Field(default=(), description="allowed buckets, as a JSON list")
    state_folder: Path = Field(description="this service's own folder: dal.sqlite lies in it")
    admin_socket: Path = Field(description="where the agent speaks to the DAL; its folder should be 0700")
    agent_keys: Path = Field(description="the agent's public key in PEM, or a JWKS")
    listing_limit: int = Field(default=200_000, ge=1, description="most entries of one listing")
    requests_per_token: int = Field(default=512, ge=1, description="most requests that run at once with one token")
    bucket_readers: int = Field(
        default=256, ge=1, description="most objects of buckets that are sent at once; each may take 1 MB of memory"
    )
    known_tokens: int = Field(default=4096, ge=1, description="verified tokens that are remembered")
    stall_seconds: float = Field(default=30.0, gt=0, description="a reader that takes nothing for so long is cut")
    review_seconds: float = Field(default=0.25, gt=0, le=0.5, description="pause between looks at running responses")

    @field_validator("sources_files_folder", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value

    @field_validator("sources_files_folder")
    @classmethod
    def _absolute(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        wrong = [str(folder) for folder in value if not folder.is_absolute() or ".." in folder.parts]
        if wrong:
            raise ValueError(f"an allowed root is an absolute path without `..`, `{wrong[0]}` is not")
        return value

    @field_validator("sources_s3")
    @classmethod
    def _once(cls, value: tuple[AllowedBucket, ...]) -> tuple[AllowedBucket, ...]:
        names = [one.bucket for one in value]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"bucket `{twice[0]}` is allowed twice: name it once")
        return value
