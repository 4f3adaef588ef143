"""
A login in the browser of this machine: authorization code with PKCE, back to a port of the loopback (RFC 8252).

The port lives for one login. What comes there without the state that was sent is answered and not believed; the code
is worth nothing without the verifier, which never leaves this process.
"""

import hmac
import secrets
import webbrowser
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from fedpact.client.clock import Clock
from fedpact.client.errors import NotLoggedInError, TimedOutError
from fedpact.client.oauth import Issuer, Tokens

PATIENCE = 300.0
"""Seconds a person has to log in."""
GLANCE = 0.5
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Fedpact</title>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:15vh auto">
<p>{}</p></body></html>"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "Connection": "close",
}


@dataclass(frozen=True, kw_only=True)
class BrowserLogin:
    """One login. `show` opens a URL in a browser, and says whether there is one."""

    issuer: Issuer
    tell: Callable[[str], None]
    show: Callable[[str], bool] = webbrowser.open
    clock: Clock = field(default_factory=Clock)
    patience: float = PATIENCE

    def tokens(self) -> Tokens:
        """Wait until somebody has logged in."""
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        with _Door(("127.0.0.1", 0), _Answer) as door:
            door.timeout, door.state = GLANCE, state
            back = f"http://127.0.0.1:{door.server_port}/callback"
            page = self.issuer.page(back, state, _challenge(verifier))
            if not self.show(page):
                self.tell("no browser can be opened here: open this in one on this machine")
            self.tell(page)
            return self.issuer.redeemed(self._code(door), verifier, back)

    def _code(self, door: "_Door") -> str:
        deadline = self.clock.elapsed() + self.patience
        while not door.told:
            if self.clock.elapsed() >= deadline:
                raise TimedOutError("nobody logged in in time: `fedpact login --browser` again")
            door.handle_request()
        if "code" in door.told:
            return door.told["code"]
        reason = door.told.get("error_description") or door.told.get("error") or "no reason was given"
        raise NotLoggedInError(f"{reason}: `fedpact login` again")


class _Door(HTTPServer):
    """Where the browser comes back to."""

    state = ""

    def __init__(self, address: tuple[str, int], answer: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, answer)
        self.told: dict[str, str] = {}


class _Answer(BaseHTTPRequestHandler):
    """What the browser is told there."""

    server: _Door
    timeout = 5.0

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        told = {name: values[0] for name, values in parse_qs(parts.query).items()}
        ours = hmac.compare_digest(told.get("state", "").encode(), self.server.state.encode())
        if parts.path != "/callback" or not ours:
            self._answer(404, "No login waits here.")
            return
        self.server.told = told
        self._answer(200, "Logged in." if "code" in told else "Not logged in: the terminal says why.")

    def _answer(self, status: int, text: str) -> None:
        body = _PAGE.format(f"{text} You can close this page.").encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Keep codes out of the terminal."""


def _challenge(verifier: str) -> str:
    """The verifier as the issuer may see it before (RFC 7636, `S256`)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
