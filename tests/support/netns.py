"""
Two sites and what lies between them, as network namespaces of this machine.

    hub 10.77.1.1 ── 10.77.1.2 way 10.77.2.2 ── 10.77.2.1 site

`way` forwards nothing: whoever is at the site reaches the hub through a proxy that runs there, or not at all. Needs
root; everything is removed at the end.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

HUB, WAY, SITE = "hub", "way", "site"
HUB_ADDRESS, PROXY_ADDRESS = "10.77.1.1", "10.77.2.2"
LINKS = (((HUB, HUB_ADDRESS), (WAY, "10.77.1.2")), ((SITE, "10.77.2.1"), (WAY, PROXY_ADDRESS)))


def lacking() -> str | None:
    """Why this machine cannot make network namespaces."""
    if shutil.which("ip") is None:
        return "needs ip (iproute2)"
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    name = f"fp{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True, text=True)
    subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return f"cannot make network namespaces: {tried.stderr.strip()}" if tried.returncode else None


@dataclass(frozen=True)
class Sites:
    """The namespaces, by what they are for."""

    prefix: str

    def inside(self, site: str, argv: Sequence[str]) -> list[str]:
        """`argv` as it is run there."""
        return ["ip", "netns", "exec", f"{self.prefix}-{site}", *argv]

    def cut(self) -> None:
        """Unplug the site."""
        self._link("down")

    def mend(self) -> None:
        self._link("up")

    def _link(self, state: str) -> None:
        ip("-n", f"{self.prefix}-{WAY}", "link", "set", f"to-{SITE}", state)


@contextmanager
def sites() -> Iterator[Sites]:
    """Hub, way and site, wired."""
    made = Sites(prefix=f"fp{os.getpid()}")
    try:
        for name in (HUB, WAY, SITE):
            ip("netns", "add", f"{made.prefix}-{name}")
            ip("-n", f"{made.prefix}-{name}", "link", "set", "lo", "up")
        for near, far in LINKS:
            _wire(made.prefix, near, far)
        yield made
    finally:
        for name in (HUB, WAY, SITE):
            subprocess.run(["ip", "netns", "del", f"{made.prefix}-{name}"], check=False, capture_output=True)


def _wire(prefix: str, near: tuple[str, str], far: tuple[str, str]) -> None:
    (one, _), (other, _) = near, far
    ends = ((one, f"to-{other}", near[1]), (other, f"to-{one}", far[1]))
    first, second = (("name", device, "netns", f"{prefix}-{name}") for name, device, _ in ends)
    ip("link", "add", *first, "type", "veth", "peer", *second)
    for name, device, address in ends:
        ip("-n", f"{prefix}-{name}", "address", "add", f"{address}/24", "dev", device)
        ip("-n", f"{prefix}-{name}", "link", "set", device, "up")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
