"""
Logins on this machine: one file each, for its owner's eyes only.

A login belongs to one portal, and its token is shown to no other. A refresh token can be used once, so who refreshes
holds the file's lock and looks again first.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fedpact.client.errors import InputError
from fedpact.client.given import given

if sys.platform != "win32":
    import fcntl

DEFAULT = "default"
_NAME = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$")


class Login(BaseModel):
    """Who is logged in where."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    issuer: str
    access_token: str = Field(repr=False)
    expires_at: float
    refresh_token: str = Field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Profiles:
    """The folder of logins."""

    folder: Path

    def path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise InputError(f"`{name}` is no name of a profile: use letters, digits, `.`, `_` and `-`")
        return self.folder / f"{name}.json"

    def find(self, name: str) -> Login | None:
        """The login kept under `name`."""
        path = self.path(name)
        try:
            return Login.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise InputError(f"`{path}` cannot be read as a login: remove it and log in again") from error

    def keep(self, name: str, login: Login) -> None:
        """Write it down in one step, for the owner only."""
        path = self.path(name)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with given():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(login.model_dump_json(indent=1))
            part.replace(path)

    def forget(self, name: str) -> None:
        with given():
            self.path(name).unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Nobody else refreshes this login meanwhile."""
        lock = self.path(name).with_suffix(".lock")
        with given():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = lock.open("w", encoding="utf-8")
        with opened as file:
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def profiles(environ: Mapping[str, str]) -> Profiles:
    """The folder of logins of this user: FEDPACT_CONFIG_DIR, or `fedpact` where configuration is kept."""
    if folder := environ.get("FEDPACT_CONFIG_DIR"):
        return Profiles(Path(folder).expanduser())
    parent = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Profiles(Path(parent).expanduser() / "fedpact")
