"""
The way out of a site that lets nothing out but what its HTTP proxy connects (RFC 9110 §9.3.6).

A proxy that opens no way is a broken connection to whoever wanted it. The login is a secret of the site: it is in no
text that is shown or logged.
"""

import asyncio
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from fedpact.chassis.joining import Line

LONGEST_ANSWER = 16_384
END = b"\r\n\r\n"
_OK = range(200, 300)


class ProxyRefusedError(ConnectionError):
    """The proxy opens no way; the text says what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy and, where it wants one, the login (`user:password`)."""

    host: str
    port: int
    login: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """As other programs want it; holds the login."""
        user, colon, password = self.login.partition(":")
        login = f"{quote(user, safe='')}{colon}{quote(password, safe='')}@" if user else ""
        return f"http://{login}{self.host}:{self.port}"

    def request(self, host: str, port: int) -> bytes:
        """Asks for a way to `host`."""
        target = f"{host}:{port}"
        login = f"Proxy-Authorization: Basic {b64encode(self.login.encode()).decode()}\r\n" if self.login else ""
        return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode()

    def check(self, answer: bytes) -> None:
        """`answer` is the head of what the proxy said; raises `ProxyRefusedError` unless the way is open."""
        version, _, rest = answer.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        code = rest[:3]
        if version not in {"HTTP/1.0", "HTTP/1.1"} or not code.isdecimal():
            raise ProxyRefusedError(f"`{self.host}:{self.port}` is no HTTP proxy: mend the setting")
        if int(code) not in _OK:
            login = "; give it a login in a file" if code == "407" else ""
            raise ProxyRefusedError(f"the proxy `{self.host}:{self.port}` answers {code}: let it open this way{login}")

    async def dial(self, host: str, port: int, seconds: float) -> Line:
        """A connection to `host` through the proxy; `OSError` when there is none in time."""
        async with asyncio.timeout(seconds):
            line = await Line.dial(self.host, self.port, seconds)
            with ExitStack() as closed:
                closed.callback(line.hang_up)
                line.writer.write(self.request(host, port))
                self.check(await _head(line.reader))
                closed.pop_all()
        return line


def proxy_at(address: tuple[str, int] | None, login_file: Path | None) -> Proxy | None:
    """The site's proxy, with what one logs in to it with."""
    if address is None:
        return None
    host, port = address
    return Proxy(host=host, port=port, login=login_file.read_text().strip() if login_file else "")


async def _head(reader: asyncio.StreamReader) -> bytes:
    """An answer's head, and not a byte of what comes after it."""
    head = b""
    while not head.endswith(END):
        byte = await reader.read(1)
        if not byte or len(head) > LONGEST_ANSWER:
            raise ProxyRefusedError("the proxy gave no answer")
        head += byte
    return head
