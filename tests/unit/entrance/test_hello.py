"""The name is read from what real TLS clients say, however it arrives; anything else is refused and nothing else happens."""

import ssl
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.entrance.domain.errors import EntranceError, NoNameError, NotHelloError
from fedpact.entrance.domain.hello import LONGEST_HELLO, server_name
from fedpact.entrance.domain.hello import NAME as NAME_OF_A_HOST

NAME = "s-42-3.flare.fedpact.internal"


def hello(name: str | None = NAME) -> bytes:
    """The first flight of Python's own TLS client."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


HELLO = hello()


def vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width, "big") + content


def extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, content)


def named(*names: bytes, kind: int = 0) -> bytes:
    return extension(0, vector(2, b"".join(bytes([kind]) + vector(2, name) for name in names)))


def record(content: bytes) -> bytes:
    return bytes((22, 3, 1)) + vector(2, content)


def message(extensions: bytes, *, after: bytes = b"") -> bytes:
    body = bytes((3, 3)) + bytes(32) + vector(1, b"") + vector(2, bytes((19, 1))) + vector(1, b"\0")
    return bytes([1]) + vector(3, body + vector(2, extensions) + after)


def test_the_name_of_a_real_client_is_read() -> None:
    assert server_name(HELLO) == NAME


def test_a_name_is_read_in_lower_case() -> None:
    assert server_name(record(message(named(NAME.upper().encode())))) == NAME


@given(st.integers(0, len(HELLO) - 1))
def test_a_part_of_a_hello_asks_for_more(length: int) -> None:
    assert server_name(HELLO[:length]) is None


@given(st.binary(max_size=64))
def test_what_follows_the_hello_changes_nothing(rest: bytes) -> None:
    assert server_name(HELLO + rest) == NAME


@given(st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_a_hello_spread_over_records_reads_the_same(sizes: list[int]) -> None:
    whole, records = HELLO[5:], b""
    for size in sizes:
        records, whole = (records + record(whole[:size]) if whole else records), whole[size:]
    records += record(whole) if whole else b""
    assert server_name(records) == NAME


ANYTHING = st.binary(max_size=600)


@given(
    st.one_of(
        ANYTHING,
        ANYTHING.map(record),
        ANYTHING.map(message).map(record),
        st.binary(max_size=20).map(bytes((22, 3)).__add__),
    )
)
def test_whatever_arrives_it_is_a_name_a_wait_or_a_refusal(data: bytes) -> None:
    with suppress(EntranceError):
        name = server_name(data)
        assert name is None or NAME_OF_A_HOST.fullmatch(name)


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255))
def test_a_changed_byte_never_brings_another_kind_of_error(at: int, byte: int) -> None:
    changed = HELLO[:at] + bytes([byte]) + HELLO[at + 1 :]
    try:
        name = server_name(changed)
    except EntranceError:
        return
    assert name is None or NAME_OF_A_HOST.fullmatch(name)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-x",
        bytes((22, 2, 0)),
        bytes((22, 3, 1, 0, 0)),
        record(bytes((2, 0, 0, 0))),
        bytes((22, 3, 1)) + (16_385).to_bytes(2, "big"),
        record(bytes((1, 1, 0, 0))),
        record(message(named(b"a.b"), after=b"x")),
        record(message(named(b"a.b") + named(b"a.b"))),
        record(message(named(b"a.b", b"c.d"))),
        record(message(named(b"a.b", kind=1))),
        record(message(extension(0, vector(2, b"") + b"x"))),
        record(message(bytes((0, 0, 0, 9, 1)))),
    ],
)
def test_what_is_no_hello_is_refused(data: bytes) -> None:
    with pytest.raises(NotHelloError):
        server_name(data)


def test_a_hello_without_an_end_is_refused() -> None:
    endless = bytes((1, 0, 0x3F, 0xFF)) + bytes(200)
    with pytest.raises(NotHelloError, match="too long"):
        server_name((record(endless) + record(bytes(100)) * 200)[:LONGEST_HELLO])


@pytest.mark.parametrize(
    "name", [b"", b"..", b"a/../b", b".a.b", b"a..b", b"localhost", b"a_b.c", b"a.b.", b"\xff.a", b"a" * 64 + b".b"]
)
def test_what_is_no_host_name_is_no_name(name: bytes) -> None:
    with pytest.raises(NoNameError):
        server_name(record(message(named(name))))


def test_a_client_that_names_nobody_is_told_so() -> None:
    with pytest.raises(NoNameError, match="no server name"):
        server_name(hello(None))
