"""What a secure runtime is told at start: on the command line or by `FEDPACT_SECURE_RUNTIME_...`; never a secret."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="FEDPACT_SECURE_RUNTIME_", frozen=True, extra="forbid")

    socket: Path
    """Where to listen. A socket's path has at most 107 bytes."""
    model: Path = Path("/usr/secure_runtime")
    """The model folder, or `/usr/secure_runtime` inside a model image."""
    templates: Path | None = None
    """Another folder of job templates than the one beside the model's script."""
    socket_mode: int = 0o600
    cpu: int = Field(default=5, ge=1)
    """Seconds of processor time one rendering may take."""
    wall: float = Field(default=10.0, gt=0)
    """Seconds one rendering may last."""
    memory: int = Field(default=768, ge=128)
    """Megabytes of address space one rendering may map, the loaded model included."""
    most_files: int = Field(default=16, ge=1)
    most_bytes: int = Field(default=1_000_000, ge=1)
    """How much one rendering may bring out."""
    request_limit: int = Field(default=1_000_000, ge=1)
    """Bytes one request line may have."""
    request_timeout: float = Field(default=5.0, gt=0)
    """Seconds a caller has to send its request."""
    show_output: bool = False
    """Pass on to standard error what the model prints. For authors of models: it can hold payloads."""

    @field_validator("model", "templates")
    @classmethod
    def _found_from_anywhere(cls, value: Path | None) -> Path | None:
        """Where the rendering code runs, the folder is another than where the setting was written."""
        return value.resolve() if value else None
