"""Result files over HTTP from where a ticket says they are. The ticket's token goes there and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, ClientTimeout

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.queries import DownloadTicket
from fedpact.portal.app.ports import Opened

CHUNK = 2**16
TIMEOUT = ClientTimeout(total=None, sock_connect=5, sock_read=30)
OK = 200


class HttpFiles:
    """The jobs service as a place of files."""

    @asynccontextmanager
    async def open(self, ticket: DownloadTicket) -> AsyncIterator[Opened]:
        headers = {"Authorization": f"Bearer {ticket.token}"}
        try:
            async with (
                ClientSession(timeout=TIMEOUT, auto_decompress=False) as session,
                session.get(ticket.url, headers=headers, allow_redirects=False) as response,
            ):
                if response.status != OK or response.content_length is None:
                    raise UnavailableError(f"the file cannot be had now: its keeper answers {response.status}")
                yield Opened(size=response.content_length, chunks=_chunks(response.content.iter_chunked(CHUNK)))
        except (ClientError, TimeoutError) as error:
            raise UnavailableError(f"the file cannot be had now: {type(error).__name__}") from error


async def _chunks(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in raw:
            yield chunk
    except (ClientError, TimeoutError) as error:
        raise UnavailableError(f"the file broke off: {type(error).__name__}") from error
