"""
An embedded federation of a benchmark's own: the programs of `fedpact up` in a temporary folder, and its API.

The programs, their settings and their permissions are `fedpact up`'s; a benchmark may leave programs out. Requests go
over one kept-open connection pool and carry the tokens that the development login gives.
"""

import tempfile
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import nats
from nats.aio.client import Client

from fedpact.contracts.ids import Id
from fedpact.infra import setup
from fedpact.infra.commands import shipped_models
from fedpact.infra.embedded import Machine, programs
from fedpact.infra.federation import Federation, federation
from fedpact.infra.layout import Layout
from fedpact.infra.supervisor import Supervisor
from fedpact.infra.up import machine_in

DEV_USER = "urn:fedpact:dev-user"
FRESH = 300.0
"""Seconds a token is used; it lives longer."""


class ApiError(Exception):
    """The API answered with a problem."""


class LateError(ApiError):
    """The API could not say in its time what became of a command."""


@dataclass(slots=True)
class Api:
    """The portal, as one of the federation's people."""

    portal: str
    identity: str
    user: Id
    session: aiohttp.ClientSession
    _token: str = ""
    _since: float = field(default=0.0)

    async def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The answer to a read."""
        return await self._answer("GET", path, params=query)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a write; one that is still pending is an error here."""
        return await self._answer("POST", path, json=dict(body))

    async def token(self) -> str:
        """An access token."""
        if not self._token or time.monotonic() - self._since > FRESH:
            form = {"grant_type": DEV_USER, "user": self.user, "client_id": "fedpact-cli"}
            async with self.session.post(f"{self.identity}/token", data=form) as answer:
                said = await answer.json()
                if answer.status != 200:
                    raise ApiError(f"login of {self.user}: {answer.status} {said}")
                self._token, self._since = said["access_token"], time.monotonic()
        return self._token

    async def _answer(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {await self.token()}"}
        async with self.session.request(method, f"{self.portal}{path}", headers=headers, **more) as answer:
            said = await answer.json(content_type=None)
            if answer.status not in {200, 201}:
                kind = LateError if answer.status == 202 else ApiError
                raise kind(f"{method} {path}: {answer.status} {said}")
            return dict(said)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running federation."""

    machine: Machine
    members: Federation
    session: aiohttp.ClientSession
    supervisor: Supervisor

    @property
    def layout(self) -> Layout:
        return self.machine.layout

    def api(self, user: str) -> Api:
        """The API as that person sees it."""
        return Api(self.machine.url("portal"), self.machine.url("identity"), user, self.session)

    def bus(self, name: str) -> AbstractAsyncContextManager[Client]:
        """The bus as `name` may use it."""
        return connected(self.machine.nats_url, self.seed(name))

    def seed(self, name: str) -> Path:
        """The file with somebody's NKey seed."""
        return self.layout.secrets / f"{name}.seed"


@asynccontextmanager
async def connected(nats_url: str, seed: Path) -> AsyncIterator[Client]:
    """The bus, as whom `seed` is named after may use it."""
    client = await nats.connect(nats_url, nkeys_seed=str(seed), inbox_prefix=f"_INBOX_{seed.stem}".encode())
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def embedded(*, gateways: int = 2, only: Collection[str] = ()) -> AsyncIterator[Embedded]:
    """A federation that is ready; all of it, or `only` those programs. Gone at the end of the block, with its folder."""
    with tempfile.TemporaryDirectory(prefix="fedpact-bench-") as folder:
        members = federation(gateways)
        machine = machine_in(Path(folder), members, shipped_models())
        setup.write_files(machine, members)
        await setup.make_users(machine, print)
        chosen = [p for p in programs(machine, members) if not only or p.name in only]
        supervisor = Supervisor(chosen, print)
        machine.layout.make_sockets()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            try:
                await supervisor.start(after={0: lambda: setup.apply_topology(machine, members)})
                yield Embedded(machine, members, session, supervisor)
            finally:
                await supervisor.stop()
                machine.layout.remove_sockets()
