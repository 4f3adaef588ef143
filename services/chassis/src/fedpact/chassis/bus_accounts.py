"""
The accounts of a running server that believes an operator: looked up and replaced, with a user of its own account.

A user whom an account revokes that way is disconnected at once.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error as NatsError

from fedpact.chassis.bus_login import connected
from fedpact.chassis.errors import UnavailableError

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ServerAccounts:
    client: Client

    async def find(self, account: str) -> str | None:
        """The JWT the server has of that account."""
        answer = await self._request(f"$SYS.REQ.ACCOUNT.{account}.CLAIMS.LOOKUP", b"")
        return answer.decode() if answer.startswith(b"ey") else None

    async def replace(self, jwt: str) -> None:
        """Have the server believe that JWT from now on."""
        answer = json.loads(await self._request("$SYS.REQ.CLAIMS.UPDATE", jwt.encode()))
        if "error" in answer:
            raise UnavailableError(f"the bus does not take the account: {answer['error']['description']}")

    async def _request(self, subject: str, body: bytes) -> bytes:
        try:
            return bytes((await self.client.request(subject, body, timeout=SECONDS)).data)
        except (NatsError, TimeoutError) as error:
            raise UnavailableError(f"the bus does not answer: {type(error).__name__}") from error


@asynccontextmanager
async def server_accounts(
    url: str, key_file: Path, ca_file: Path | None, *, inbox: str
) -> AsyncIterator[ServerAccounts]:
    """With the credentials of a user of the system account, for as long as it is needed."""
    async with connected(url, key_file, ca_file, inbox) as client:
        yield ServerAccounts(client)
