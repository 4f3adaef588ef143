"""
The key that signs grants: made once, kept where nobody else can read it.

It is written whole under another name and then linked, so that neither a crash nor a second replica on the same
folder leaves half a key or two of them. A key that others can read is not used: grants would prove nothing.
"""

import os
import stat
from pathlib import Path
from tempfile import mkstemp

from fedpact.decision import keys
from fedpact.decision.keys import PrivateKey
from fedpact.policy.domain.errors import KeyFileError


def signing_key(private: Path, public: Path) -> PrivateKey:
    """The service's own key, made at the first start; its public half lies in `public` for gateways to pin."""
    if not private.exists():
        _make(private)
    key = _read(private)
    pem = keys.public_pem(key)
    if not public.exists() or public.read_bytes() != pem:
        _written(public, pem, 0o644).replace(public)
    return key


def _make(private: Path) -> None:
    draft = _written(private, keys.to_pem(keys.generate()), 0o600)
    try:
        private.hardlink_to(draft)
    except FileExistsError:
        pass  # another replica was faster; its key is as good
    finally:
        draft.unlink()


def _read(private: Path) -> PrivateKey:
    mode = stat.S_IMODE(private.stat().st_mode)
    if mode & 0o077:
        raise KeyFileError(f"`{private}` can be read by others (mode {mode:o}): make it 0600, or make a new key")
    return keys.from_pem(private.read_bytes())


def _written(beside: Path, content: bytes, mode: int) -> Path:
    """A file with `content` in the same folder, safely on disk."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    number, name = mkstemp(dir=beside.parent, prefix=f".{beside.name}-")
    with os.fdopen(number, "wb") as file:
        os.fchmod(number, mode)
        file.write(content)
        file.flush()
        os.fsync(number)
    return Path(name)
