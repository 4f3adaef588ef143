"""Secrets of service accounts: made here, kept in a file of their owner's; the hub gets their hash."""

import os
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

from fedpact.client.errors import InputError

BYTES = 32


def new_secret(path: Path) -> str:
    """Write a new secret to `path`, readable by its owner only. Returns its hash."""
    secret = token_urlsafe(BYTES)
    write_secret(path, secret)
    return sha256(secret.encode()).hexdigest()


def write_secret(path: Path, secret: str) -> None:
    """Write a secret to a new file at `path`, readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError(f"`{path}` exists: choose another name, a secret is never written over") from error
    except OSError as error:
        raise InputError(f"`{path}` cannot be written: {(error.strerror or 'unknown cause').lower()}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
