"""
How to ask an HTTP proxy for a way through (RFC 9110 §9.3.6), and whether it gave one. Bytes in, bytes out.

The login is a secret of the site: it is in no text that is shown or logged.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote

from fedpact.gateway_agent.domain.errors import ProxyRefusedError

LONGEST_ANSWER = 16_384
END = b"\r\n\r\n"
_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy and, where it wants one, the login (`user:password`)."""

    host: str
    port: int
    login: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """As gRPC wants it; holds the login."""
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
        status = answer.partition(b"\r\n")[0].decode("latin-1")
        version, _, rest = status.partition(" ")
        code = rest[:3]
        if version not in {"HTTP/1.0", "HTTP/1.1"} or not code.isdecimal():
            raise ProxyRefusedError(f"`{self.host}:{self.port}` is no HTTP proxy: mend FEDPACT_AGENT_PROXY")
        if int(code) not in _OK:
            login = "; give it a login in FEDPACT_AGENT_PROXY_LOGIN_FILE" if code == "407" else ""
            raise ProxyRefusedError(f"the proxy `{self.host}:{self.port}` answers {code}: let it open this way{login}")
