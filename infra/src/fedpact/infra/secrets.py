"""The secrets of an embedded federation: made once, kept in files of mode 0600, never in a value that travels."""

import os
import secrets as chance
from collections.abc import Iterable
from pathlib import Path

import nkeys

from fedpact.infra.layout import write_secret


def nkey(path: Path) -> str:
    """The public NKey of the seed in `path`, which is made when it is missing."""
    if not path.exists():
        write_secret(path, nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER).decode())
    return str(nkeys.from_seed(path.read_bytes().strip()).public_key.decode())


def nkeys_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Public NKeys by name; the seeds lie as `<name>.seed` in `folder`."""
    return {name: nkey(folder / f"{name}.seed") for name in names}


def password(path: Path) -> str:
    """The password in `path`, made when it is missing."""
    if not path.exists():
        write_secret(path, chance.token_urlsafe(24))
    return path.read_text()
