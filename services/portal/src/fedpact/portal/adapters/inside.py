"""
Identity at the address that only the hub's own services reach: `http://host:port`, or `unix:/path` for a socket.

No cookie is kept between requests, no redirect followed, nothing decoded: what comes back is told as it came.
"""

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, UnixConnector
from yarl import URL

from fedpact.chassis.errors import UnavailableError
from fedpact.portal.app.ports import Answered, Asked

TIMEOUT = ClientTimeout(total=45, sock_connect=3)
"""Longer than identity waits for an identity provider."""
LARGEST = 2**20
UNIX = "unix:"
_ADDED = frozenset({"Accept", "Content-Type", "User-Agent"})
"""What the client would say of its own where the asker said nothing."""


class Inside:
    """Identity at `address`."""

    def __init__(self, address: str) -> None:
        self._socket = address.removeprefix(UNIX) if address.startswith(UNIX) else None
        self.url = "http://identity" if self._socket else address.rstrip("/")

    def session(self, timeout: ClientTimeout) -> ClientSession:
        """A client that reaches it."""
        return ClientSession(
            timeout=timeout,
            connector=UnixConnector(self._socket) if self._socket else None,
            cookie_jar=DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
        )

    async def ask(self, asked: Asked) -> Answered:
        try:
            async with (
                self.session(TIMEOUT) as session,
                session.request(
                    asked.method,
                    URL(self.url + asked.target, encoded=True),
                    headers=asked.headers,
                    data=asked.body or None,
                    skip_auto_headers=_ADDED,
                    allow_redirects=False,
                ) as answer,
            ):
                told = tuple(answer.headers.items())
                return Answered(status=answer.status, headers=told, body=await _whole(answer))
        except (ClientError, TimeoutError) as error:
            raise UnavailableError("the login service does not answer") from error


async def _whole(answer: ClientResponse) -> bytes:
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > LARGEST:
            raise UnavailableError("the login service says more than fits into an answer")
    return bytes(body)
