"""The bus of a whole federation on a real server: its configuration, streams and durables, and everybody's own key."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.errors import NoRespondersError
from servers import BIN, Server, running

from fedpact.chassis.bus_login import arguments
from fedpact.infra import setup
from fedpact.infra.embedded import Machine
from fedpact.infra.federation import federation
from fedpact.infra.nats_config import NatsServer
from fedpact.infra.up import machine_in

API_SECONDS = 10.0
"""Nobody waits that long where nobody listens: the server says so at once."""


@dataclass
class Member:
    """Somebody's connection, and what the server told it that it may not do."""

    client: Client
    told: list[str] = field(default_factory=list)

    async def publish(self, subject: str, body: bytes = b"{}", reply: str = "") -> list[str]:
        """What the server says to that."""
        before = len(self.told)
        await self.client.publish(subject, body, reply=reply)
        await self.settle()
        return self.told[before:]

    async def subscribe(self, subject: str, queue: str = "") -> list[str]:
        """What the server says to that."""
        before = len(self.told)
        await self.client.subscribe(subject, queue=queue)
        await self.settle()
        return self.told[before:]

    async def settle(self) -> None:
        """Until the server has read all that was sent: the client's first ping may overtake it."""
        await self.client.flush()
        await self.client.flush()

    async def answer(self, subject: str, body: bytes = b"{}") -> bytes | None:
        """The answer to a request that is allowed; `None` when nobody listens."""
        try:
            return bytes((await self.client.request(subject, body, timeout=API_SECONDS)).data)
        except (NoRespondersError, TimeoutError):
            return None


@dataclass(frozen=True)
class FederatedBus:
    machine: Machine
    ca_file: Path | None = None

    @property
    def url(self) -> str:
        return self.machine.nats_url

    def key(self, name: str) -> Path:
        return setup.key_of(self.machine.layout, name)

    @asynccontextmanager
    async def as_(self, name: str) -> AsyncIterator[Member]:
        """Connected with the key of `name`."""
        told: list[str] = []

        async def hear(error: Exception) -> None:
            told.append(str(error))

        client = await connect(self.url, self.key(name), name, hear, self.ca_file)
        try:
            yield Member(client, told)
        finally:
            await client.close()

    async def state(self) -> dict[str, object]:
        """Everything an intruder could have changed: streams, how they are kept, what is in them, who reads them."""
        async with self.as_("administrator") as admin:
            js = admin.client.jetstream()
            found: dict[str, object] = {}
            for stream in await js.streams_info():
                name = stream.config.name or ""
                readers = [(c.name, c.config, c.ack_floor, c.num_pending) for c in await js.consumers_info(name)]
                counts = (stream.state.messages, stream.state.first_seq, stream.state.last_seq)
                found[name] = (stream.config, counts, readers)
            return found


async def connect(url: str, key: Path | None, name: str, hear: object = None, ca_file: Path | None = None) -> Client:
    """One connection that is not tried again; a refusal raises."""

    async def ignore(_: Exception) -> None:
        """A refused connection is raised as well."""

    client = Client()
    try:
        await client.connect(
            url,
            **arguments(url, key, ca_file),
            inbox_prefix=f"_INBOX_{name}".encode(),
            error_cb=hear or ignore,  # type: ignore[arg-type]
            allow_reconnect=False,
            max_reconnect_attempts=1,
            connect_timeout=5,
        )
    except BaseException:
        await client.close()
        raise
    return client


@contextmanager
def federated_bus(folder: Path, *, trusting: bool = False, gateways: int = 2, **more: Any) -> Iterator[FederatedBus]:
    """The bus of so many custodians, as `fedpact up` makes it; `trusting` knows no keys but an operator's."""
    members, ca_file = federation(gateways), more.pop("ca_file", None)
    machine = machine_in(folder, members, folder)
    server = NatsServer(port=machine.ports["nats"], store=machine.layout.jetstream, **more)
    setup.found(machine.layout, members, server, store="127.0.0.1:1", trusting=trusting)
    argv = [str(BIN / "nats-server"), "-c", str(machine.layout.nats_config)]
    with running(Server(argv, machine.ports["nats"], machine.layout.logs / "nats.log")):
        asyncio.run(setup.apply_sites(machine.layout, machine.nats_url, members.sites, ca_file))
        yield FederatedBus(machine, ca_file)
