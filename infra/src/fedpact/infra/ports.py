"""Free ports of the loopback, remembered between runs so that addresses stay the same while nobody else takes them."""

import json
import secrets as chance
import socket
from collections.abc import Sequence
from pathlib import Path

PORTAL = 7070
BELOW_EPHEMERAL = range(12_000, 32_000)


def assign(names: Sequence[str], file: Path) -> dict[str, int]:
    """A port for each name: the one it had, if it is free, else another. `portal` gets 7070 when it can."""
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {"portal": PORTAL}
    ports: dict[str, int] = {}
    for name in names:
        wanted = known.get(name)
        taken = set(ports.values())
        ports[name] = wanted if wanted and wanted not in taken and is_free(wanted) else _another(taken)
    file.write_text(json.dumps(ports, indent=1))
    return ports


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _another(taken: set[int]) -> int:
    """A free port below the range the kernel takes for outgoing connections: there it could be gone any moment."""
    while True:
        port = chance.choice(BELOW_EPHEMERAL)
        if port not in taken and is_free(port):
            return port
