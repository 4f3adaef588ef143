"""
Where the federation is, and whom a token may be shown.

A token goes over TLS, or stays on this machine; anything else has to be allowed on purpose. Proxies of the environment
are not asked for what is on this machine.
"""

from collections.abc import Mapping
from importlib.metadata import version
from ipaddress import ip_address

import httpx

from fedpact.client.errors import InputError

ALLOW_HTTP = "FEDPACT_ALLOW_HTTP"
AGENT = f"fedpact-client/{version('fedpact-client')}"
_HEADERS = {"User-Agent": AGENT}
TIMEOUT = httpx.Timeout(15.0, connect=5.0)
"""Of one try. A write is answered within ten seconds, or with a command that is still under way."""


def checked(url: str, environ: Mapping[str, str]) -> str:
    """`url` in its one spelling, if a token may be sent there."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InputError(f"`{url}` is not a URL: give one such as https://portal.example.org") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo or parsed.query:
        raise InputError(f"`{url}` is not the URL of a portal: give one such as https://portal.example.org")
    if parsed.scheme == "http" and not is_local(url) and environ.get(ALLOW_HTTP) != "1":
        raise InputError(
            f"`{url}` would send your token unencrypted: use https, or set {ALLOW_HTTP}=1 where the network is yours"
        )
    return str(parsed).rstrip("/")


def is_local(url: str) -> bool:
    """Whether only this machine is reached by `url`."""
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def http_client(url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for one server. It follows no redirect: a token is for the one it was meant for."""
    return httpx.Client(
        base_url=url, transport=transport, timeout=TIMEOUT, trust_env=not is_local(url), headers=_HEADERS
    )


def async_http_client(url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The same, for those who await."""
    return httpx.AsyncClient(
        base_url=url, transport=transport, timeout=TIMEOUT, trust_env=not is_local(url), headers=_HEADERS
    )


def unanswered(url: str, error: httpx.TransportError) -> str:
    """Why nothing came back, in words."""
    if isinstance(error, httpx.TimeoutException):
        return f"{url} did not answer in time"
    return f"nobody answers at {url} ({str(error).lower() or type(error).__name__})"
