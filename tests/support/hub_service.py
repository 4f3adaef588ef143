"""A whole hub service on a real bus and a real store, and everybody else on the bus, for tests of services."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
from nats.aio.msg import Msg
from nats.js.api import PubAck
from servers import until

from fedpact.chassis import bus_admin
from fedpact.chassis.service import Service
from fedpact.contracts import strict_json, subjects
from fedpact.contracts.envelope import FACTS, TOKEN_HEADER, Command, Envelope, Fact, Query, command_envelope
from fedpact.decision import keys, tokens
from fedpact.decision.actors import AUDIENCE, ISSUER
from fedpact.infra import topology

IDENTITY = keys.generate()


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251


def token(user: str, organization: str, *roles: str) -> str:
    """It may be made when tests are collected, and outlives the slowest run."""
    start = int(present().timestamp())
    claims = {"sub": user, "org": organization, "roles": list(roles), "iss": ISSUER, "aud": AUDIENCE}
    return tokens.mint(claims | {"iat": start, "exp": start + 86_400}, IDENTITY)


def settings_of(nats_url: str, mongo_port: int, folder: Path, service: str) -> dict[str, Any]:
    """What every service's settings need."""
    url = folder / "mongo-url"
    url.write_text(f"mongodb://127.0.0.1:{mongo_port}/")
    return {
        "nats_url": nats_url,
        "nats_linger_seconds": 0,
        "mongo_url_file": url,
        "database": f"{service}-{uuid4().hex[:8]}",
        "sweep_seconds": 0.05,
        "tick_seconds": 0.05,
        "retry_seconds": 1,
    }


@dataclass
class Outside:
    """Everybody else on the bus."""

    client: nats.NATS
    heard: list[Fact] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    said: int = 0

    async def listen(self, context: str) -> None:
        async def hear(message: Msg) -> None:
            envelope = Envelope.from_headers(message.headers or {})
            if envelope.id not in self.ids:  # the stream stores one that is published twice once, and so counts this
                self.ids.add(envelope.id)
                self.heard.append(FACTS[envelope.type].model_validate_json(message.data))

        async def answer(message: Msg) -> None:
            await message.respond(strict_json.dumps({"keys": [dict(tokens.jwk_of(IDENTITY))]}))

        await self.client.subscribe(f"fedpact.evt.*.{context}.>", cb=hear)
        await self.client.subscribe("fedpact.qry.identity.keys", cb=answer)

    async def tell(self, fact: Fact, route: str = "hub") -> PubAck:
        self.said += 1
        source = f"fedpact/{route if fact.stream == 'workloads' else fact.stream}/{fact.stream}"
        envelope = Envelope(source=source, type=fact.type, subject=fact.key, time=present(), sequence=self.said)
        return await self._publish(fact.subject("main", route), fact.model_dump_json(), envelope.headers())

    async def order(self, command: Command, bearer: str) -> None:
        envelope = command_envelope(command, sender="portal", time=present(), message=str(uuid4()))
        headers = envelope.headers() | {TOKEN_HEADER: bearer}
        await self._publish(command.subject("main", "portal"), command.model_dump_json(), headers)

    async def ask(self, question: Query[Any]) -> bytes:
        context, verb = question.type.split(".")
        subject = subjects.query(context, verb)
        return (await self.client.request(subject, question.model_dump_json().encode(), timeout=5)).data

    async def told(self, kind: type[Fact], /, **members: object) -> Any:
        """The first fact of that kind with those members, once it is there."""

        async def look() -> Fact | None:
            return next((fact for fact in self.heard if type(fact) is kind and _has(fact, members)), None)

        return await until(look)

    async def _publish(self, subject: str, body: str, headers: dict[str, str]) -> PubAck:
        return await self.client.jetstream().publish(subject, body.encode(), headers=headers)


async def handled(client: nats.NATS, reader: str, *stored: PubAck) -> None:
    """Until the service has acknowledged these, the last of their streams. What waits is counted a moment too late."""
    js = client.jetstream()

    async def look() -> bool:
        floors = [(await js.consumer_info(one.stream, reader)).ack_floor for one in stored]
        return all(floor and floor.stream_seq >= one.seq for floor, one in zip(floors, stored, strict=True))

    await until(look)


@asynccontextmanager
async def running(service: Service, nats_url: str, context: str) -> AsyncIterator[Outside]:
    """`service` on streams as the federation has them, with durables for just what it subscribes to."""
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, topology.streams(), _durables(service, context))
    client = await nats.connect(nats_url)
    outside = Outside(client)
    await outside.listen(context)
    stopped = asyncio.Event()
    task = asyncio.create_task(service.run(stopped))
    try:
        yield outside
    finally:
        stopped.set()
        await task
        await client.close()


def _durables(service: Service, context: str) -> list[topology.Durable]:
    return [
        topology.Durable(stream=stream, name=service.name, filters=tuple(_filters(stream, types, context)))
        for stream, types in service.bus.subscriptions.items()
    ]


def _filters(stream: str, types: frozenset[str], context: str) -> list[str]:
    if stream == "commands":
        return [f"fedpact.cmd.*.{context}.>"]
    return [f"fedpact.evt.*.{kind}.*" for kind in sorted(types)]


def _has(fact: Fact, members: Mapping[str, object]) -> bool:
    return all(getattr(fact, name) == value for name, value in members.items())
