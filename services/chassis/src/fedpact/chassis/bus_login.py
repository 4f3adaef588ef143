"""
How a program proves to the bus who it is, and the bus to the program.

A key file is an NKey's seed, or credentials (`*.creds`: a JWT and its seed), read anew at every connection, so that
one that was renewed counts at the next. With a CA file, or an address that begins with `tls://`, the handshake comes
before everything else: a server that says it has no TLS would otherwise be believed, and so would whoever sits between.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import nats
from faststream.nats.security import NatsCredentials, NatsNKey, NatsSecurity
from nats.aio.client import Client
from nats.aio.transport import TcpTransport
from nats.errors import Error

from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.settings import ServiceSettings

CREDENTIALS = ".creds"
CLOSE_SECONDS = 1.0


def security(settings: ServiceSettings) -> NatsSecurity | None:
    """For a broker."""
    context = trusting(settings.nats_url, settings.nats_ca_file)
    first, name = context is not None, settings.nats_server_name if context else None
    if settings.nats_creds_file:
        path = str(settings.nats_creds_file)
        return NatsCredentials(path, ssl_context=context, tls_hostname=name, tls_handshake_first=first)
    if settings.nats_seed_file:
        return NatsNKey(settings.nats_seed_file, ssl_context=context, tls_hostname=name, tls_handshake_first=first)
    return NatsSecurity(ssl_context=context, tls_hostname=name, tls_handshake_first=first) if context else None


def arguments(url: str, key_file: Path | None, ca_file: Path | None) -> dict[str, object]:
    """For a plain connection."""
    context = trusting(url, ca_file)
    found: dict[str, object] = {"tls": context, "tls_handshake_first": True} if context else {}
    if key_file is None:
        return found
    kind = "user_credentials" if key_file.suffix == CREDENTIALS else "nkeys_seed"
    return found | {kind: str(key_file)}


@asynccontextmanager
async def connected(url: str, key_file: Path | None, ca_file: Path | None, inbox: str) -> AsyncIterator[Client]:
    """A connection for one piece of work, which begins now or, with `UnavailableError`, not at all."""
    try:
        client = await nats.connect(
            url,
            **arguments(url, key_file, ca_file),
            connect_timeout=5,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            error_cb=_ignored,
            inbox_prefix=f"_INBOX_{inbox}",
        )
    except (Error, OSError, TimeoutError) as error:
        raise UnavailableError(f"the bus is not there, or does not let this key in: {type(error).__name__}") from error
    try:
        yield client
    finally:
        await client.close()


async def _ignored(_: Exception) -> None:
    """What goes wrong is raised by the call that wanted it."""


def trusting(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """Believes that CA alone, or those of the system; `None` where the address wants no TLS."""
    if ca_file is None and not url.startswith("tls://"):
        return None
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _close_in_time() -> None:
    """
    Have the bus's client give up waiting for the end of a connection.

    After a TLS handshake that failed, asyncio's streams never tell that it ended, and the client, which waits for that
    before it tries again, would never try again: a hub that restarts at the wrong moment would lose a site for good.
    """
    told: Callable[[TcpTransport], Awaitable[None]] = TcpTransport.wait_closed

    async def wait_closed(transport: TcpTransport) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await told(transport)

    setattr(TcpTransport, "wait_closed", wait_closed)  # noqa: B010 - a method of somebody else's class


_close_in_time()
