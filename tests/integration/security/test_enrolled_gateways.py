"""
A gateway's life on the bus, with a real server that believes an operator and the real identity service.

The custodian's side is the code of the `fedpact` command; what the gateway then may and may not do is tried with the
very credentials that it wrote.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from federated_bus import FederatedBus, Member, connect, federated_bus
from hub_service import present
from nats.errors import Error
from servers import Server, free_port, missing, mongo_server, running, until

from fedpact.client import enrolment as custodian
from fedpact.client.errors import ForbiddenError
from fedpact.contracts import access
from fedpact.contracts.access import InviteGateway, RevokeGateway
from fedpact.contracts.envelope import FACTS, TOKEN_HEADER, Command, Envelope, Fact, command_envelope
from fedpact.contracts.identity import CommandAccepted, CommandRefused
from fedpact.contracts.registry import GatewayRegistered
from fedpact.contracts.sites import DOMAIN
from fedpact.decision.enrolment import token_hash
from fedpact.identity import main as identity
from fedpact.identity.domain.model import hashed
from fedpact.identity.settings import Settings

LACKING = missing("nats-server", "secantusd-py")
pytestmark = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))
SECRET = "kept-by-the-installer"
FOUNDING = {
    "organizations": [{"organization": "hub", "name": "Hub"}],
    "service_accounts": [
        {"user": "root", "organization": "hub", "name": "Root", "roles": ["admin"], "secret_hash": hashed(SECRET)}
    ],
}
KEY = "policy's public key\n"


@dataclass
class Hub:
    """The bus, identity's address, an admin's token, and the portal's place on the bus."""

    bus: FederatedBus
    url: str
    bearer: str
    portal: Member
    heard: list[Fact]

    async def order(self, command: Command) -> Fact:
        """What became of a command that the admin sends through the portal."""
        envelope = command_envelope(command, sender="portal", time=present(), message=str(uuid4()))
        headers = envelope.headers() | {TOKEN_HEADER: self.bearer}
        js = self.portal.client.jetstream()
        await js.publish(command.subject("main", "portal"), command.model_dump_json().encode(), headers=headers)

        async def outcome() -> Fact | None:
            told = (f for f in self.heard if isinstance(f, CommandAccepted | CommandRefused))
            return next((f for f in told if f.command_id == envelope.id), None)

        found = await until(outcome)
        assert isinstance(found, Fact)
        return found

    async def register(self, gateway: str, organization: str) -> None:
        fact = GatewayRegistered(gateway=gateway, organization=organization)
        envelope = Envelope(
            source="fedpact/registry/gateways", type=fact.type, subject=fact.key, time=present(), sequence=1
        )
        async with self.bus.as_("registry") as registry:
            await registry.client.jetstream().publish(
                fact.subject("main", "hub"), fact.model_dump_json().encode(), headers=envelope.headers()
            )

    async def invite(self, gateway: str) -> str:
        """A token, as an admin makes it."""
        token = f"{gateway}.{uuid4().hex}{uuid4().hex[:11]}"

        async def invited() -> bool:
            outcome = await self.order(InviteGateway(gateway=gateway, token_hash=token_hash(token)))
            return isinstance(outcome, CommandAccepted)

        await until(invited)
        return token

    async def enroll(self, token: str, folder: Path) -> custodian.Enrolled:
        return await asyncio.to_thread(custodian.enroll, self.url, token, folder)

    async def enrolled(self, gateway: str, folder: Path) -> Path:
        """The credentials of a gateway that has just come in."""
        await self.register(gateway, "clinic")
        await self.enroll(await self.invite(gateway), folder)
        return folder / "agent" / "bus.creds"

    @contextlib.asynccontextmanager
    async def as_gateway(self, gateway: str, credentials: Path) -> AsyncIterator[Member]:
        told: list[str] = []

        async def hear(error: Exception) -> None:
            told.append(str(error))

        client = await connect(self.bus.url, credentials, gateway, hear)
        try:
            yield Member(client, told)
        finally:
            await client.close()


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FederatedBus]:
    with federated_bus(tmp_path_factory.mktemp("bus"), trusting=True, gateways=0) as found:
        yield found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(mongo_server(tmp_path_factory.mktemp("mongo"))) as server:
        yield server


@pytest.fixture
async def hub(bus: FederatedBus, store: Server, tmp_path: Path) -> AsyncIterator[Hub]:
    stopped = asyncio.Event()
    settings = settings_of(bus, store, tmp_path)
    task = asyncio.create_task(identity.compose(settings).run(stopped))
    url = f"http://127.0.0.1:{settings.port}"
    try:
        async with aiohttp.ClientSession() as http, bus.as_("portal") as portal:
            bearer = await token_of(http, url, task)
            heard = await listening(bus)
            async with heard as facts:
                yield Hub(bus=bus, url=url, bearer=bearer, portal=portal, heard=facts)
    finally:
        stopped.set()
        await task


async def test_an_invited_gateway_comes_in_once_and_a_revoked_one_is_out_at_once(hub: Hub, tmp_path: Path) -> None:
    await hub.register("berlin", "clinic")
    token = await hub.invite("berlin")
    given = await hub.enroll(token, tmp_path / "site")
    assert (given.gateway, given.organization, given.bus_domain, given.policy_key) == ("berlin", "clinic", DOMAIN, KEY)
    credentials = tmp_path / "site" / "agent" / "bus.creds"
    assert credentials.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ForbiddenError, match="used already"):
        await hub.enroll(token, tmp_path / "elsewhere")

    async with hub.as_gateway("berlin", credentials) as berlin:
        await berlin.client.jetstream().publish("fedpact.evt.main.workloads.gateway.spoke.berlin", b"{}")
        assert isinstance(await hub.order(RevokeGateway(gateway="berlin")), CommandAccepted)

        async def out() -> bool:
            return berlin.client.is_closed

        await until(out)
    with pytest.raises((Error, ConnectionError)):
        async with hub.as_gateway("berlin", credentials):
            pass
    kinds = {type(fact) for fact in hub.heard}
    assert {access.GatewayInvited, access.GatewayEnrolled, access.GatewayRevoked} <= kinds


def settings_of(bus: FederatedBus, store: Server, folder: Path) -> Settings:
    secrets = bus.machine.layout.secrets
    (folder / "mongo-url").write_text(f"mongodb://127.0.0.1:{store.port}/")
    (folder / "identity.json").write_text(json.dumps(FOUNDING))
    (folder / "policy.pub.pem").write_text(KEY)
    more: dict[str, Any] = {"sweep_seconds": 0.05, "retry_seconds": 1}
    return Settings(
        nats_url=bus.url,
        nats_creds_file=secrets / "identity.creds",
        nats_domain=DOMAIN,
        mongo_url_file=folder / "mongo-url",
        database=f"identity-{uuid4().hex[:8]}",
        port=free_port(),
        key_file=folder / "tokens.pem",
        bootstrap_file=folder / "identity.json",
        enrolment_folder=secrets / "identity-bus",
        policy_key_file=folder / "policy.pub.pem",
        **more,
    )


async def token_of(http: aiohttp.ClientSession, url: str, task: asyncio.Task[None]) -> str:
    """The admin's, once identity is there."""
    form = {"grant_type": "client_credentials", "client_id": "root", "client_secret": SECRET}

    async def answer() -> str | None:
        if task.done():
            task.result()
        with contextlib.suppress(aiohttp.ClientError):
            async with http.post(f"{url}/token", data=form) as response:
                return (await response.json())["access_token"] if response.status == 200 else None
        return None

    return str(await until(answer))


async def listening(bus: FederatedBus) -> contextlib.AbstractAsyncContextManager[list[Fact]]:
    """What identity publishes, as the administrator sees it."""

    @contextlib.asynccontextmanager
    async def hear() -> AsyncIterator[list[Fact]]:
        heard: list[Fact] = []

        async def keep(message: Any) -> None:
            kind = FACTS[Envelope.from_headers(message.headers or {}).type]
            heard.append(kind.model_validate_json(message.data))

        async with bus.as_("administrator") as admin:
            await admin.client.subscribe("fedpact.evt.*.identity.>", cb=keep)
            await admin.settle()
            yield heard

    return hear()
