"""
A command to a fact at an HTTP API, by hand: the hops that Fedpact's have, with the libraries alone.

Two programs, as a portal and one service are. `api` publishes what is posted and answers when the fact about it came and
is in its store; `service` pulls commands one by one, saves each with an insert that the journal has, publishes the fact
and acknowledges. No token, no decision, no outbox, no copy of anything, no trace: what those cost is what is measured
beside it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
from aiohttp import web
from bench_federation import Embedded, connected
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from servers import free_port

COMMANDS, FACTS = "by_hand.commands", "by_hand.facts"
STREAM = "by_hand"
ADMINISTRATOR = "administrator"
READY = "ready"
SECONDS = 10.0
KEPT: Mapping[str, Any] = {"w": "majority", "journal": True, "retryWrites": False}
"""As durable as Fedpact's saves. The embedded store gets slower with every write it may be asked to repeat."""
Rows = AsyncCollection[dict[str, object]]


@dataclass(slots=True)
class Service:
    """Commands into the store, facts out of it."""

    js: JetStreamContext
    rows: Rows

    async def run(self) -> None:
        pulled = await self.js.pull_subscribe(COMMANDS, durable="service", stream=STREAM)
        print(READY, flush=True)
        while True:
            try:
                [message] = await pulled.fetch(1, timeout=SECONDS)
            except nats.errors.TimeoutError:
                continue
            await self._take(message)

    async def _take(self, message: Msg) -> None:
        order = json.loads(message.data)
        await self.rows.insert_one({"_id": order["id"], "body": order})
        await self.js.publish(FACTS, message.data, headers={"Nats-Msg-Id": f"fact-{order['id']}"})
        await message.ack()


@dataclass(slots=True)
class HttpApi:
    """Commands from HTTP, answered by facts."""

    js: JetStreamContext
    rows: Rows
    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def run(self, port: int) -> None:
        """Until it is ended."""
        config = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, deliver_policy=DeliverPolicy.NEW)
        await self.js.subscribe(FACTS, stream=STREAM, config=config, cb=self._heard, manual_ack=True)
        app = web.Application()
        app.router.add_post("/models", self._post)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        print(READY, flush=True)
        await asyncio.Event().wait()

    async def _post(self, request: web.Request) -> web.Response:
        order = await request.json() | {"id": uuid4().hex}
        done = self.waiting[order["id"]] = asyncio.get_running_loop().create_future()
        await self.js.publish(COMMANDS, json.dumps(order).encode(), headers={"Nats-Msg-Id": order["id"]})
        await done
        return web.json_response(order, status=201)

    async def _heard(self, message: Msg) -> None:
        fact = json.loads(message.data)
        await self.rows.insert_one({"_id": fact["id"], "body": fact})
        await message.ack()
        self.waiting.pop(fact["id"]).set_result(None)


@asynccontextmanager
async def by_hand(hub: Embedded) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Both programs on the federation's bus and store; what is given makes one call and ends when it is answered."""
    port = free_port()
    async with hub.bus(ADMINISTRATOR) as bus:
        await bus.jetstream().add_stream(name=STREAM, subjects=[f"{STREAM}.>"])
    async with _program(hub, "service", "registry", port), _program(hub, "api", "portal", port):

        async def call() -> object:
            body = {"model": f"by-hand-{uuid4().hex[:16]}", "name": "A model of the benchmark"}
            async with hub.session.post(f"http://127.0.0.1:{port}/models", json=body) as answer:
                answer.raise_for_status()
                return await answer.json()

        yield call


@asynccontextmanager
async def _program(hub: Embedded, role: str, owner: str, port: int) -> AsyncIterator[None]:
    """One of the two, with `owner`'s rights on the store, until the end of the block."""
    files = (str(hub.seed(ADMINISTRATOR)), str(hub.layout.secrets / f"{owner}.mongo"))
    command = (sys.executable, "-m", "bench_by_hand", role, hub.machine.nats_url, *files, str(port))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            assert (await process.stdout.readline()).decode().strip() == READY, f"{role} did not start"
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def main(role: str, nats_url: str, seed: Path, mongo_url: str, port: int) -> None:
    """One of the two programs; `seed` is a file."""
    store: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(mongo_url, **KEPT)
    async with connected(nats_url, seed) as client, store:
        js, rows = client.jetstream(timeout=SECONDS), store.get_default_database()[STREAM]
        await (HttpApi(js, rows).run(port) if role == "api" else Service(js, rows).run())


if __name__ == "__main__":
    part, bus, key, kept, listens = sys.argv[1:]
    asyncio.run(main(part, bus, Path(key), Path(kept).read_text().strip(), int(listens)))
