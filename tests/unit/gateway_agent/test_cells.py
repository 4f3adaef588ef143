"""What a jailed workload finds at the names and addresses of its peers."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.gateway_agent.domain.cells import Door, doors, hosts, strangers
from fedpact.gateway_agent.domain.pods import Peer

LOCAL = "127.0.0.1 localhost\n"


def peer(text: str) -> Peer:
    host, _, port = text.rpartition(":")
    return Peer(host=host, port=int(port))


@pytest.mark.parametrize(
    ("peers", "places", "names", "foreign"),
    [
        (("127.0.0.1:80",), ("127.0.0.1",), LOCAL, ()),
        (("localhost:80",), ("127.0.0.1",), LOCAL, ()),
        (("127.0.0.9:80", "::1:80"), ("127.0.0.9", "::1"), LOCAL, ()),
        (("10.0.0.5:80", "2001:db8::1:80"), ("10.0.0.5", "2001:db8::1"), LOCAL, ("10.0.0.5", "2001:db8::1")),
        (("dal:80",), ("127.77.0.1",), f"{LOCAL}127.77.0.1 dal\n", ()),
        (
            ("dal:80", "hub.example:80"),
            ("127.77.0.1", "127.77.0.2"),
            f"{LOCAL}127.77.0.1 dal\n127.77.0.2 hub.example\n",
            (),
        ),
        (("dal:80", "dal:81"), ("127.77.0.1", "127.77.0.1"), f"{LOCAL}127.77.0.1 dal\n", ()),
        (("dal:80", "dal:80"), ("127.77.0.1",), f"{LOCAL}127.77.0.1 dal\n", ()),
        ((), (), LOCAL, ()),
    ],
)
def test_a_peer_is_found_where_its_own_name_leads(
    peers: tuple[str, ...], places: tuple[str, ...], names: str, foreign: tuple[str, ...]
) -> None:
    made = doors(peer(text) for text in peers)
    assert tuple(door.address for door in made) == places
    assert (hosts(made), strangers(made)) == (names, foreign)


HOSTS = st.one_of(st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,3})?", fullmatch=True), st.ip_addresses(v=4).map(str))
PEERS = st.lists(st.builds(Peer, host=HOSTS, port=st.integers(1, 9)), max_size=12)


@given(PEERS)
def test_no_two_peers_share_a_door(peers: list[Peer]) -> None:
    made = doors(peers)
    assert {door.peer for door in made} == set(peers)
    places = {(door.address, door.peer.port): door.peer.host for door in made}
    alike = {("127.0.0.1", door.peer.port) for door in made if door.peer.host in ("localhost", "127.0.0.1")}
    assert len(places.keys() - alike) == len({peer for peer in peers if (_place(made, peer), peer.port) not in alike})


@given(PEERS)
def test_a_jail_has_no_way_to_an_address_that_is_no_peers(peers: list[Peer]) -> None:
    made = doors(peers)
    for door in made:
        assert ipaddress.ip_address(door.address).is_loopback or door.address == door.peer.host


def _place(made: tuple[Door, ...], peer: Peer) -> str:
    return next(door.address for door in made if door.peer == peer)
