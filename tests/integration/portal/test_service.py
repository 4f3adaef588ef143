"""The whole portal on a real bus and a real store, with the streams and durables of the federation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
import pytest
from aiohttp import ClientSession, web
from hub_service import handled
from nats.aio.msg import Msg
from nats.js.api import PubAck
from portal_memory import Client
from portal_owners import Owners, Told
from portal_values import NOON, PEOPLE, changed, content, created, job, registered, stored
from servers import free_port, until

from fedpact.chassis import bus_admin
from fedpact.chassis.http import serving
from fedpact.contracts import strict_json
from fedpact.contracts.envelope import COMMANDS, TOKEN_HEADER, Envelope, Fact
from fedpact.contracts.queries import DownloadTicket
from fedpact.contracts.scheduling import GangQueued, Shortfall
from fedpact.contracts.telemetry import MetricsReported
from fedpact.decision import keys, tokens
from fedpact.decision.actors import AUDIENCE, ISSUER
from fedpact.infra import topology
from fedpact.portal.adapters.store import drop
from fedpact.portal.main import TOLD_BY_STREAMS, compose
from fedpact.portal.settings import Settings

IDENTITY = keys.generate()
CONTENT = content().model_dump(mode="json")
DURABLES = [durable for durable in topology.durables() if durable.name == "portal"]


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251


def token(user: str) -> str:
    actor = PEOPLE[user]
    start = int(present().timestamp())
    claims = {"sub": actor.user, "org": actor.organization, "roles": list(actor.roles)}
    window = {"iss": ISSUER, "aud": AUDIENCE, "iat": start, "exp": start + 600}
    return tokens.mint(claims | window, IDENTITY)


@dataclass
class Outside:
    """Everybody else on the bus: the owners, identity's keys, the jobs service's files."""

    client: nats.NATS
    owners: Owners = field(default_factory=lambda: Owners(at=present()))
    files: str = ""
    stored: dict[str, PubAck] = field(default_factory=dict)
    """The last of each stream."""

    async def serve(self) -> None:
        await self.client.subscribe("fedpact.qry.identity.keys", cb=self._keys)
        await self.client.subscribe("fedpact.qry.jobs.download", cb=self._ticket)
        await self.client.subscribe("fedpact.cmd.>", cb=self._command)

    async def tell(self, *facts: Fact) -> None:
        for fact in facts:
            await self._say(self.owners.tell(fact))

    async def measure(self, number: int) -> None:
        told = MetricsReported(gateway="hub", spec_id="s-1", job_id="j-1", round=number, metrics={"loss": 0.5}, at=NOON)
        envelope = Envelope(source="fedpact/agent/hub", type=told.type, subject="j-1", time=NOON, route="hub")
        await self.client.publish(
            told.subject("main", "hub"), told.model_dump_json().encode(), headers=envelope.headers()
        )

    async def _command(self, message: Msg) -> None:
        headers = message.headers or {}
        envelope = Envelope.from_headers(headers)
        command = COMMANDS[envelope.type].model_validate_json(message.data)
        for told in self.owners.take(command, envelope, headers[TOKEN_HEADER]):
            await self._say(told)

    async def _say(self, told: Told) -> None:
        fact, envelope = told
        subject = fact.subject("main", envelope.route)
        js = self.client.jetstream()
        last = await js.publish(subject, fact.model_dump_json().encode(), headers=envelope.headers())
        self.stored[last.stream] = last

    async def heard(self) -> None:
        """Until the portal has handled all it was told: what it shows may be ahead of its journal, or behind."""
        await handled(self.client, "portal", *self.stored.values())

    async def _keys(self, message: Msg) -> None:
        await message.respond(strict_json.dumps({"keys": [dict(tokens.jwk_of(IDENTITY))]}))

    async def _ticket(self, message: Msg) -> None:
        ticket = DownloadTicket(url=self.files, token="for-files", expires=NOON)
        await message.respond(ticket.model_dump_json().encode())


@pytest.fixture
async def settings(nats_url: str, mongo_port: int, tmp_path: Path) -> Settings:
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, topology.streams(), DURABLES)
    url = tmp_path / "mongo-url"
    url.write_text(f"mongodb://127.0.0.1:{mongo_port}/")
    return Settings(
        nats_url=nats_url,
        nats_linger_seconds=0,
        mongo_url_file=url,
        database=f"portal-{uuid4().hex[:8]}",
        port=free_port(),
        outcome_seconds=20,
        sequence_seconds=20,
        sweep_seconds=0.05,
        tick_seconds=0.05,
        retry_seconds=1,
    )


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    client = await nats.connect(settings.nats_url)
    found = Outside(client)
    await found.serve()
    yield found
    await client.close()


@asynccontextmanager
async def portal(settings: Settings) -> AsyncIterator[Client]:
    stopped = asyncio.Event()
    running = asyncio.create_task(compose(settings).run(stopped))
    async with ClientSession(f"http://127.0.0.1:{settings.port}") as session:
        client = Client(session)
        try:
            await until(lambda: _ready(client))
            yield client
        finally:
            stopped.set()
            await running


async def _ready(client: Client) -> bool:
    try:
        return (await client.get("/readyz", None)).status == 200
    except OSError:
        return False


async def test_a_spec_is_created_read_and_refused_over_the_bus(outside: Outside, settings: Settings) -> None:
    async with portal(settings) as client:
        made = await client.post("/v1/specs", {"content": CONTENT}, token("ada"), Idempotency_Key="k")
        assert made.status == 201, made
        again = await client.post("/v1/specs", {"content": CONTENT}, token("ada"), Idempotency_Key="k")
        assert again.body == made.body
        wanted = made.headers["Fedpact-Sequence"]
        assert (await client.get(f"/v1/specs?min_sequence={wanted}", token("olga"))).body["total"] == 1
        assert (await client.get(f"/v1/specs/{made.body['spec_id']}", token("eve"))).status == 404
        wrong = {"content": content("unknown_gateway-9_lake").model_dump(mode="json")}
        refused = await client.post("/v1/specs", wrong, token("ada"))
        assert (refused.status, refused.body["slug"]) == (404, "unknown_dataset")
        forged = tokens.mint({"sub": "root", "org": "hub", "iss": ISSUER, "aud": AUDIENCE}, keys.generate())
        assert (await client.get("/v1/specs", forged)).status == 401
        assert (await client.get("/v1/status", token("ada"))).body["ready"] is True
    assert outside.owners.seen[0][2] == outside.owners.seen[0][2].strip() != ""


async def test_a_command_whose_owner_is_down_is_answered_later(outside: Outside, settings: Settings) -> None:
    outside.owners.silent.add("specs")
    async with portal(settings.model_copy(update={"outcome_seconds": 0.2})) as client:
        answer = await client.post("/v1/specs", {"content": CONTENT}, token("ada"))
        assert answer.status == 202
        place = str(answer.body["status_url"])
        assert (await client.get(place, token("ada"))).body["status"] == "pending"
        outside.owners.silent.clear()
        command, envelope, bearer = outside.owners.seen[0]
        for told in outside.owners.take(command, envelope, bearer):
            await outside._say(told)

        async def accepted() -> bool:
            return (await client.get(place, token("ada"))).body["status"] == "accepted"

        await until(accepted)


async def test_what_was_heard_survives_a_restart_and_a_rebuild(outside: Outside, settings: Settings) -> None:
    short = Shortfall(site="gateway-1", resource="cpu", wanted=2, available=1)
    queued = GangQueued(spec_id="s-1", generation=1, attempt=1, shortfalls=(short,))

    async def whole(client: Client) -> list[Any]:
        paths = ("/v1/specs/s-1", "/v1/specs/s-1/timeline", "/v1/jobs")
        return [(await client.get(path, token("ada"))).body for path in paths]

    async with portal(settings) as client:
        await outside.tell(created(), changed(status="active.running", generation=1), queued, job(), stored())
        await outside.heard()
        before = spec, timeline, jobs = await whole(client)
        assert (spec["status"], len(timeline["entries"]), jobs["total"]) == ("active.running", 5, 1)
    async with portal(settings) as client:
        assert await whole(client) == before
    await drop(settings.mongo_url_file.read_text(), settings.database, TOLD_BY_STREAMS)
    async with bus_admin.administrating(settings.nats_url, None) as js:
        await bus_admin.begin_again(js, DURABLES)
    async with portal(settings) as client:
        await outside.heard()
        assert await whole(client) == before


async def test_two_replicas_answer_alike(outside: Outside, settings: Settings) -> None:
    other = settings.model_copy(update={"port": free_port()})
    async with portal(settings) as one, portal(other) as two:
        for number in range(4):
            made = await one.post("/v1/specs", {"content": CONTENT}, token("ada"))
            assert made.status == 201
            wanted = made.headers["Fedpact-Sequence"]
            read = await two.get(f"/v1/specs?min_sequence={wanted}", token("ada"))
            assert read.body["total"] == number + 1
        headers = {"Authorization": f"Bearer {token('ada')}"}
        async with two.session.get("/v1/events", headers=headers) as response, asyncio.timeout(10):
            await response.content.readuntil(b"\n\n")
            made = await one.post("/v1/specs", {"spec_id": "s-last", "content": CONTENT}, token("ada"))
            while b"s-last" not in await response.content.readuntil(b"\n\n"):
                pass


async def test_metrics_and_result_files_reach_their_owner(outside: Outside, settings: Settings, tmp_path: Path) -> None:
    body = b"0123456789" * 100_000
    (tmp_path / "file").write_bytes(body)

    async def file(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] != "Bearer for-files":
            raise web.HTTPForbidden
        return web.FileResponse(tmp_path / "file")

    app = web.Application()
    app.router.add_get("/file", file)
    async with serving(app, "127.0.0.1", 0) as port, portal(settings) as client:
        outside.files = f"http://127.0.0.1:{port}/file"
        await outside.tell(job(), stored(size=len(body)), registered())

        async def there() -> bool:
            await outside.measure(1)
            measured = (await client.get("/v1/jobs/j-1/metrics", token("ada"))).body.get("points")
            return bool(measured and (await client.get("/v1/artifacts", token("ada"))).body.get("total"))

        await until(there, 20)
        url = (await client.get("/v1/jobs/j-1", token("ada"))).body["artifacts"][0]["url"]  # type: ignore[index]
        got = await client.get(str(url), token("ada"))
        assert got.text.encode() == body
        assert (await client.get(str(url), token("olga"))).status == 404
        rest = await client.get(str(url), token("ada"), Range="bytes=999990-")
        assert (rest.status, rest.text, rest.headers["Content-Range"]) == (
            206,
            "0123456789",
            "bytes 999990-999999/1000000",
        )
        assert (await client.get(str(url), token("ada"), Range="bytes=1000000-")).status == 416
        outside.files += "/gone"
        assert (await client.get(str(url), token("ada"))).status == 404


async def test_without_a_bus_the_way_in_is_open_and_the_rest_says_try_again(mongo_port: int, tmp_path: Path) -> None:
    url = tmp_path / "mongo-url"
    url.write_text(f"mongodb://127.0.0.1:{mongo_port}/")
    settings = Settings(
        nats_url=f"nats://127.0.0.1:{free_port()}",
        mongo_url_file=url,
        database=f"portal-{uuid4().hex[:8]}",
        port=free_port(),
    )
    running = asyncio.create_task(compose(settings).run(asyncio.Event()))
    async with ClientSession(f"http://127.0.0.1:{settings.port}") as session:
        client = Client(session)

        async def open_() -> bool:
            try:
                return (await client.get("/v1/config", None)).status == 200
            except OSError:
                return False

        await until(open_)
        answer = await client.get("/v1/specs", token("ada"))
        assert (answer.status, answer.body["slug"]) == (503, "unavailable")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
