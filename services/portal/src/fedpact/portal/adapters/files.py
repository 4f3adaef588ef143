"""Result files over HTTP from where a ticket says they are. The ticket's token goes there and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.queries import DownloadTicket
from fedpact.portal.app.ports import Opened
from fedpact.portal.domain.errors import GoneError, NotThereError, RangeError

CHUNK = 2**16
TIMEOUT = ClientTimeout(total=None, sock_connect=5, sock_read=30)


class HttpFiles:
    """The jobs service as a place of files."""

    @asynccontextmanager
    async def open(self, ticket: DownloadTicket, part: str | None = None) -> AsyncIterator[Opened]:
        headers = {"Authorization": f"Bearer {ticket.token}"} | ({"Range": part} if part else {})
        try:
            async with (
                ClientSession(timeout=TIMEOUT, auto_decompress=False) as session,
                session.get(ticket.url, headers=headers, allow_redirects=False) as response,
            ):
                yield _opened(response)
        except (ClientError, TimeoutError) as error:
            raise UnavailableError(f"the file cannot be had now: {type(error).__name__}") from error


def _opened(response: ClientResponse) -> Opened:
    """What the keeper began to send; raises what it says instead."""
    match response.status:
        case HTTPStatus.OK | HTTPStatus.PARTIAL_CONTENT if response.content_length is not None:
            part = response.headers.get("Content-Range", "") if response.status != HTTPStatus.OK else ""
            chunks = _chunks(response.content.iter_chunked(CHUNK))
            return Opened(size=response.content_length, part=part, chunks=chunks)
        case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise RangeError("the file ends before the range that was asked for: ask for all of it")
        case HTTPStatus.NOT_FOUND:
            raise NotThereError("there is no such artifact that you may have any more: list them again")
        case HTTPStatus.GONE:
            raise GoneError("the artifact was deleted a moment ago")
        case status:
            raise UnavailableError(f"the file cannot be had now: its keeper answers {status}")


async def _chunks(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in raw:
            yield chunk
    except (ClientError, TimeoutError) as error:
        raise UnavailableError(f"the file broke off: {type(error).__name__}") from error
