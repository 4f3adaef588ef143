"""Logins to image registries, from a file as `docker login` writes it; read anew each time, for passwords change."""

import json
from dataclasses import dataclass
from pathlib import Path

from fedpact.gateway_agent.domain.errors import ImageMissingError


@dataclass(frozen=True, slots=True)
class Registries:
    """The logins in `file`; without one, everything is fetched as nobody."""

    file: Path | None = None

    def login(self, registry: str) -> str | None:
        """User and password for `registry`, as the file encodes them. A registry the file does not name has none."""
        if self.file is None or not registry:
            return None
        try:
            known = json.loads(self.file.read_text()).get("auths", {})
        except (OSError, ValueError) as error:
            raise ImageMissingError(f"the registries' logins in `{self.file}` cannot be read; mend the file") from error
        entry = known.get(registry) or known.get(f"https://{registry}") or {}
        return entry.get("auth") or None
