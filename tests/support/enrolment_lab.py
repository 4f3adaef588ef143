"""A bus that believes an operator, the real identity service on it, and gateways that come and go."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
from federated_bus import FederatedBus, Member, connect
from hub_service import present
from nats.js.errors import NotFoundError
from servers import Server, free_port, until

from fedpact.client import enrolment as custodian
from fedpact.contracts.access import InviteGateway
from fedpact.contracts.envelope import FACTS, TOKEN_HEADER, Command, Envelope, Fact, command_envelope
from fedpact.contracts.identity import CommandAccepted, CommandRefused
from fedpact.contracts.registry import GatewayRegistered
from fedpact.contracts.sites import DOMAIN
from fedpact.decision.enrolment import token_hash
from fedpact.gateway_agent import gateway as gateway_agent
from fedpact.gateway_agent.settings import Settings as AgentSettings
from fedpact.identity import main as identity
from fedpact.identity.domain.model import hashed
from fedpact.identity.settings import Settings

PATIENCE = 60.0
"""Seconds, for machines where much else runs."""
SECRET = "kept-by-the-installer"
FOUNDING = {
    "organizations": [{"organization": "hub", "name": "Hub"}],
    "service_accounts": [
        {"user": "root", "organization": "hub", "name": "Root", "roles": ["admin"], "secret_hash": hashed(SECRET)}
    ],
}
WEBSOCKET = free_port()
KEY = "policy's public key\n"
F = TypeVar("F", bound=Fact)


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

        found = await until(outcome, PATIENCE)
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

        await until(invited, PATIENCE)
        return token

    async def enroll(self, token: str, folder: Path) -> custodian.Enrolled:
        return await asyncio.to_thread(custodian.enroll, self.url, token, folder)

    async def enrolled(self, gateway: str, folder: Path) -> Path:
        """The credentials of a gateway that has just come in."""
        await self.register(gateway, "clinic")
        await self.enroll(await self.invite(gateway), folder)
        return folder / "agent" / "bus.creds"

    async def told(self, kind: type[F], gateway: str) -> list[F]:
        """What was said of that kind about the gateway, which may be a moment after the one who asked has his answer."""

        async def look() -> list[F]:
            return [fact for fact in self.heard if isinstance(fact, kind) and fact.key == gateway]

        await until(look, PATIENCE)
        return await look()

    @contextlib.asynccontextmanager
    async def as_gateway(self, gateway: str, credentials: Path, url: str = "") -> AsyncIterator[Member]:
        told: list[str] = []

        async def hear(error: Exception) -> None:
            told.append(str(error))

        client = await connect(url or self.bus.url, credentials, gateway, hear)
        try:
            yield Member(client, told)
        finally:
            await client.close()


@contextlib.asynccontextmanager
async def identity_on(bus: FederatedBus, store: Server, folder: Path) -> AsyncIterator[Hub]:
    """Identity as it runs, on that bus and store."""
    stopped = asyncio.Event()
    settings = settings_of(bus, store, folder)
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


async def heard_from(bus: FederatedBus, gateway: str) -> bool:
    """Whether the hub's stream of telemetry holds a sign of life of that gateway."""
    async with bus.as_("administrator") as root:
        with contextlib.suppress(NotFoundError):
            await root.client.jetstream().get_last_msg("telemetry", f"fedpact.tel.main.alive.{gateway}")
            return True
    return False


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


@contextlib.asynccontextmanager
async def agent_of(gateway: str, url: str, folder: Path, **login: Path) -> AsyncIterator[Path]:
    """A gateway's agent with the credentials in `folder`; the socket it is administrated at."""
    stopped, site = asyncio.Event(), folder / "site"
    settings = AgentSettings(
        gateway=gateway,
        organization="clinic",
        nats_url=url,
        nats_domain=DOMAIN,
        **(login or {"nats_creds_file": site / "agent" / "bus.creds"}),  # type: ignore[arg-type]
        port=free_port(),
        state_folder=site / "agent",
        models_dir=folder / "models",
        trust_folder=site / "trust",
        dal_url="http://127.0.0.1:1",
        dal_admin_socket=site / "sockets" / "dal",
        admin_socket=site / "sockets" / "agent",
        key_file=site / "agent" / "dal-tokens.pem",
        alive_seconds=0.1,
    )
    task = asyncio.create_task(gateway_agent.compose(settings).run(stopped))

    async def there() -> bool:
        if task.done():
            task.result()
        return (site / "sockets" / "agent").is_socket()

    try:
        await until(there, PATIENCE)
        yield site / "sockets" / "agent"
    finally:
        stopped.set()
        await task


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

    return str(await until(answer, PATIENCE))


async def listening(bus: FederatedBus) -> contextlib.AbstractAsyncContextManager[list[Fact]]:
    """What identity publishes, as the administrator sees it; once what is sent twice, of which a stream keeps one."""

    @contextlib.asynccontextmanager
    async def hear() -> AsyncIterator[list[Fact]]:
        heard: list[Fact] = []
        known: set[str] = set()

        async def keep(message: Any) -> None:
            envelope = Envelope.from_headers(message.headers or {})
            if envelope.id not in known:
                known.add(envelope.id)
                heard.append(FACTS[envelope.type].model_validate_json(message.data))

        async with bus.as_("administrator") as admin:
            await admin.client.subscribe("fedpact.evt.*.identity.>", cb=keep)
            await admin.settle()
            yield heard

    return hear()
