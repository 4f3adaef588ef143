"""
What a jailed workload finds instead of a network: functions from values to values, no I/O.

Inside there is a loopback and nothing behind it. For each peer that the workload may reach something listens there, at
an address that the peer's own name leads to, so URLs, certificates and host names stay what they are outside.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fedpact.gateway_agent.domain.pods import Peer

LOCALHOST = "127.0.0.1"
NAMED = "127.77.0.{}"
"""Where the peers stand that have a name: one loopback address each, for two may use the same port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What is said to `address` and the peer's port inside is handed over to the peer outside."""

    address: str
    peer: Peer


def doors(peers: Iterable[Peer]) -> tuple[Door, ...]:
    """One door for each peer, in the order of the peers."""
    each = tuple(dict.fromkeys(peers))
    places = _places(each)
    return tuple(Door(address=places[peer.host], peer=peer) for peer in each)


def hosts(made: Iterable[Door]) -> str:
    """The names that can be looked up inside, as `/etc/hosts` has them."""
    named = {door.peer.host: door.address for door in made if _literal(door.peer.host) is None}
    lines = {"localhost": LOCALHOST} | named
    return "".join(f"{address} {name}\n" for name, address in lines.items())


def strangers(made: Iterable[Door]) -> tuple[str, ...]:
    """Addresses that the loopback has to be given, for it is not reached by them otherwise."""
    return tuple(dict.fromkeys(door.address for door in made if not ipaddress.ip_address(door.address).is_loopback))


def _places(peers: Iterable[Peer]) -> Mapping[str, str]:
    places: dict[str, str] = {}
    for host in dict.fromkeys(peer.host for peer in peers):
        literal = _literal(host)
        named = NAMED.format(len(places) + 1)
        places[host] = literal or (LOCALHOST if host == "localhost" else named)
    return places


def _literal(host: str) -> str | None:
    """The address that `host` is, if it is none that has to be looked up."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
