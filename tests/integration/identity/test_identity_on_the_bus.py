"""Identity and the registry as they run: real bus, real store, real sockets; tokens from one open the other."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import aiohttp
import nats
import pytest
from servers import free_port, until

from fedpact.chassis import bus_admin
from fedpact.chassis.clock import SystemClock
from fedpact.contracts.envelope import TOKEN_HEADER, Envelope, command_envelope
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser, Role
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import RegisterGateway
from fedpact.contracts.workloads import DatasetOffered, GatewaySpoke
from fedpact.identity import main as identity
from fedpact.identity.domain.model import hashed
from fedpact.identity.settings import Settings as IdentitySettings
from fedpact.infra import topology
from fedpact.registry import main as registry
from fedpact.registry.settings import Settings as RegistrySettings

SECRET = "kept-by-the-installer"
FOUNDING = {
    "organizations": [{"organization": "federation", "name": "Federation"}],
    "service_accounts": [
        {
            "user": "installer",
            "organization": "federation",
            "name": "Installer",
            "roles": ["admin"],
            "secret_hash": hashed(SECRET),
        }
    ],
}


@dataclass
class Lab:
    folder: object
    nats_url: str
    client: nats.NATS
    mongo: object
    name: str

    @contextlib.asynccontextmanager
    async def running(self, module, settings):
        """The service, from start to stop."""
        stopped = asyncio.Event()
        task = asyncio.create_task(module.compose(settings).run(stopped))
        ready = f"http://127.0.0.1:{settings.port}/readyz"
        async with aiohttp.ClientSession() as http:

            async def answers():
                if task.done():
                    task.result()
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(ready) as response:
                        return response.status == 200

            await until(answers)
            try:
                yield f"http://127.0.0.1:{settings.port}"
            finally:
                stopped.set()
                await task

    def identity(self):
        founding = self.folder / "identity.json"
        founding.write_text(json.dumps(FOUNDING))
        more = {"key_file": self.folder / "signing.pem", "bootstrap_file": founding}
        return self.running(identity, IdentitySettings(**self._shared("identity"), **more))

    def registry(self):
        return self.running(registry, RegistrySettings(**self._shared("registry")))

    async def token(self, base):
        form = {"grant_type": "client_credentials", "client_id": "installer", "client_secret": SECRET}
        async with aiohttp.ClientSession() as http, http.post(f"{base}/token", data=form) as response:
            return (await response.json())["access_token"]

    async def order(self, command, token):
        now = SystemClock().now()
        envelope = command_envelope(command, sender="lab", time=now, expires=now + timedelta(minutes=5))
        await self._publish(command, "lab", envelope.headers() | {TOKEN_HEADER: token})
        return await self._outcome(command, envelope.id)

    async def observe(self, fact, sequence):
        envelope = Envelope(
            source="fedpact/gw-1/site", type=fact.type, subject=fact.key, time=SystemClock().now(), sequence=sequence
        )
        await self._publish(fact, fact.gateway, envelope.headers())

    async def said(self, stream):
        """(type, body) of every fact in the stream."""
        js = self.client.jetstream()
        count = (await js.stream_info(stream)).state
        found = [await js.get_msg(stream, seq) for seq in range(count.first_seq, count.last_seq + 1) if count.messages]
        return [(m.headers["ce-type"], json.loads(m.data), m.headers.get("ce-causationid")) for m in found]

    async def has_said(self, count, stream):
        return len(await self.said(stream)) >= count

    async def _outcome(self, command, message):
        stream = command.type.split(".")[0]

        async def look():
            told = [(kind, body) for kind, body, cause in await self.said(stream) if cause == message]
            return [(k, b) for k, b in told if ".command." in k]

        [(kind, body)] = await until(look)
        return kind.rsplit(".", 1)[-1], body.get("slug")

    async def _publish(self, message, route, headers):
        body = message.model_dump_json().encode()
        await self.client.jetstream().publish(message.subject("main", route), body, headers=headers)

    def _shared(self, service):
        return {
            "nats_url": self.nats_url,
            "mongo_url_file": self.mongo,
            "database": f"{service}_{self.name}",
            "port": free_port(),
            "sweep_seconds": 0.05,
            "tick_seconds": 0.05,
            "retry_seconds": 0,
        }


@pytest.fixture
async def lab(nats_url, mongo_port, tmp_path):
    wanted = [d for d in topology.durables() if d.name in {"identity", "registry"}]
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, topology.streams(), wanted)
    url = tmp_path / "mongo-url"
    url.write_text(f"mongodb://127.0.0.1:{mongo_port}/?directConnection=true\n")
    client = await nats.connect(nats_url)
    yield Lab(tmp_path, nats_url, client, url, uuid4().hex[:8])
    await client.close()


async def test_a_token_of_identity_opens_identity_and_the_registry(lab):
    async with lab.identity() as base, lab.registry():
        token = await lab.token(base)
        assert await lab.order(RegisterOrganization(organization="clinic", name="Clinic"), token) == ("accepted", None)
        ada = RegisterUser(user="ada", organization="clinic", name="Ada", roles=(Role.OWNER,))
        assert await lab.order(ada, token) == ("accepted", None)
        assert await lab.order(ChangeUser(user="bob", disabled=True), token) == ("refused", "unknown_user")
        assert await lab.order(ada, token + "x") == ("refused", "unauthenticated")
        assert await lab.order(ada, "nonsense") == ("refused", "unauthenticated")
        await lab.observe(GatewaySpoke(gateway="gw-1", totals=Resources(cpu=4), version="0.1.0"), 1)
        await lab.observe(DatasetOffered(gateway="gw-1", dataset="scans_gw-1_clinic", name="scans"), 1)
        typo = RegisterGateway(gateway="gw-1", organization="clinc")
        assert await lab.order(typo, token) == ("refused", "unknown_organization")
        gateway = RegisterGateway(gateway="gw-1", organization="clinic")
        assert await lab.order(gateway, token) == ("accepted", None)

        changes = ["registry.dataset.registered", "registry.gateway.announced", "registry.gateway.registered"]
        await until(lambda: lab.has_said(len(changes) + len((typo, gateway)), "registry"))
        told = [kind for kind, _, _ in await lab.said("registry") if ".command." not in kind]
        assert sorted(told) == changes


async def test_a_restart_keeps_everything_and_says_nothing_twice(lab):
    async with lab.identity() as base:
        token = await lab.token(base)
        assert await lab.order(RegisterOrganization(organization="clinic", name="Clinic"), token) == ("accepted", None)
        await until(lambda: lab.has_said(4, "identity"))
    before = await lab.said("identity")
    async with lab.identity(), lab.registry():
        answer = await lab.client.request("fedpact.qry.identity.keys", b"{}", timeout=5)
        assert len(json.loads(answer.data)["keys"]) == 1
        gateway = RegisterGateway(gateway="gw-1", organization="clinic")
        assert await lab.order(gateway, token) == ("accepted", None)
    assert await lab.said("identity") == before
    assert hashed(SECRET) not in json.dumps(before)
