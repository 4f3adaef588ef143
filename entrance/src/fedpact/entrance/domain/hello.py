"""
Reads whom a TLS client wants to speak to, and nothing else: the first message of a handshake is not secret.

Whatever is not exactly as RFC 8446 §4.1.2 and RFC 6066 §3 write it is refused, so that this reader and the server
behind it cannot understand one message in two ways. What was read is passed on byte by byte as it came.
"""

import re
from dataclasses import dataclass

from fedpact.entrance.domain.errors import NoNameError, NotHelloError

LONGEST_HELLO = 16_384
"""Bytes of a first message, its record headers too. Real ones have about two thousand."""

NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
"""Of at least two labels. It becomes a file's name, so it holds no slash and begins with no dot."""

UNKNOWN_NAME_ALERT = bytes((21, 3, 3, 0, 2, 2, 112))
"""A fatal `unrecognized_name`, so that an honest client can tell its user what is wrong."""

_HANDSHAKE, _CLIENT_HELLO, _TLS = 22, 1, 3
_RECORD_HEADER, _MESSAGE_HEADER = 5, 4
_LONGEST_RECORD = 16_384
_SERVER_NAME, _HOST_NAME = 0, 0


def server_name(data: bytes) -> str | None:
    """The name that the handshake beginning with `data` asks for, in lower case; `None` while more has to come."""
    message = _message(data)
    if message is None:
        if len(data) >= LONGEST_HELLO:
            raise NotHelloError("the first message of the handshake is too long")
        return None
    return _checked(_names(_extensions(_Cursor(message))))


def _message(data: bytes) -> bytes | None:
    """The body of the first handshake message, which may be spread over several records."""
    message, at = b"", 0
    while at < len(data):
        if data[at] != _HANDSHAKE or data[at + 1 : at + 2] not in {b"", bytes([_TLS])}:
            raise NotHelloError("this entrance speaks TLS only")
        if len(data) < at + _RECORD_HEADER:
            return None
        length = int.from_bytes(data[at + 3 : at + _RECORD_HEADER], "big")
        if not 0 < length <= _LONGEST_RECORD:
            raise NotHelloError("a record of the handshake has no possible length")
        message += data[at + _RECORD_HEADER : at + _RECORD_HEADER + length]
        at += _RECORD_HEADER + length
        if message[:1] not in {b"", bytes([_CLIENT_HELLO])}:
            raise NotHelloError("the handshake does not begin with a ClientHello")
        whole = _MESSAGE_HEADER + int.from_bytes(message[1:_MESSAGE_HEADER], "big")
        if len(message) >= _MESSAGE_HEADER and whole > LONGEST_HELLO:
            raise NotHelloError("the first message of the handshake is too long")
        if len(message) >= max(whole, _MESSAGE_HEADER):
            return message[_MESSAGE_HEADER:whole]
    return None


@dataclass(slots=True)
class _Cursor:
    """Takes bytes off the front; there are always as many as were announced."""

    rest: bytes

    def take(self, count: int) -> bytes:
        if count > len(self.rest):
            raise NotHelloError("the ClientHello ends too early")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        return self.take(self.number(width))


def _extensions(hello: _Cursor) -> _Cursor:
    hello.take(2 + 32)  # version and random
    for width in (1, 2, 1):  # session, cipher suites, compression
        hello.vector(width)
    extensions = _Cursor(hello.vector(2) if hello.rest else b"")
    if hello.rest:
        raise NotHelloError("the ClientHello goes on after its end")
    return extensions


def _names(extensions: _Cursor) -> list[bytes]:
    found: list[_Cursor] = []
    while extensions.rest:
        kind, content = extensions.number(2), extensions.vector(2)
        found += [_Cursor(content)] if kind == _SERVER_NAME else []
    if len(found) > 1:
        raise NotHelloError("the ClientHello names its server twice")
    return _listed(found[0]) if found else []


def _listed(extension: _Cursor) -> list[bytes]:
    listed = _Cursor(extension.vector(2))
    names = []
    while listed.rest:
        kind, name = listed.number(1), listed.vector(2)
        if kind != _HOST_NAME:
            raise NotHelloError("the ClientHello names its server in an unknown way")
        names.append(name)
    if extension.rest or len(names) != 1:
        raise NotHelloError("the ClientHello does not name one server")
    return names


def _checked(names: list[bytes]) -> str:
    if not names:
        raise NoNameError("the handshake says no server name: connect by the name of an activation's server")
    name = names[0].decode("ascii", errors="replace").lower()
    if not NAME.fullmatch(name):
        raise NoNameError("the handshake's server name is no host name")
    return name
