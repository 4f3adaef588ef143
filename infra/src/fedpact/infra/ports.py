"""Free ports of the loopback, remembered between runs so that addresses stay the same while nobody else takes them."""

import json
import secrets as chance
import socket
from collections.abc import Sequence
from pathlib import Path

import psutil

from fedpact.infra.errors import PortTakenError

PORTAL = 7070
BELOW_EPHEMERAL = range(12_000, 22_000)
"""Agents give ports above these to FLARE: a service that starts anew finds its own."""


def assign(names: Sequence[str], file: Path, portal: int | None = None, *, usual: int | None = None) -> dict[str, int]:
    """
    A port for each name: the one it had, if it is free, else another. At first the portal gets its `usual` one.

    A port that is asked for on purpose, as `portal`, is taken or refused, never exchanged.
    """
    if portal is not None and not is_free(portal):
        raise PortTakenError(portal, holder_of(portal))
    known = remembered(file, usual)
    ports = {} if portal is None else {"portal": portal}
    for name in names:
        if name in ports:
            continue
        wanted = known.get(name)
        taken = set(ports.values())
        ports[name] = wanted if wanted and wanted not in taken and is_free(wanted) else _another(taken)
    file.write_text(json.dumps(ports, indent=1))
    return ports


def remembered(file: Path, usual: int | None = None) -> dict[str, int]:
    """The ports of the last time; before the first, the portal's `usual` one."""
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {"portal": usual} if usual else {}
    return known


def holder_of(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        found = [c.pid for c in psutil.net_connections("tcp") if c.laddr and c.laddr[1] == port and c.pid]
        return f"`{psutil.Process(found[0]).name()}` (process {found[0]})" if found else "another program"
    except (psutil.Error, OSError):
        return "another program"


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
