"""Unix sockets that nobody but this process's own user may open."""

import os
import socket
from pathlib import Path


def private_listener(path: Path) -> socket.socket:
    """A socket that is 0600 and heard from its first moment; one left behind by a crash is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_socket():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen()
    finally:
        os.umask(before)
    return listener
