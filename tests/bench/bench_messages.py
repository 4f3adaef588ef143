"""
Messages: how long a command takes at the API, and how many a service gets through.

    latency     `POST /v1/models`, 20 a second whatever the answers do (open loop): the portal publishes the command, the
                registry verifies, decides and saves it, its relay publishes the facts, the portal's read model sees
                them, the answer goes out. Beside it, at the same rate, the same hops by hand: an HTTP server and one
                consumer with a store each, made of the libraries alone (`bench_by_hand`).
    throughput  the registry on commands that wait in its stream: token, decision, save with outbox, relay. From the
                first publish to the last outcome. Beside it publishes of the same size to the same server, 128 at a
                time.

Both run on the programs of `fedpact up`: real nats-server with its permissions, real store with its users.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from bench_by_hand import by_hand
from bench_federation import Api, Embedded, LateError, embedded
from bench_harness import (
    Finding,
    Measure,
    Sample,
    alternate,
    at_least_times,
    at_most,
    carry_out,
    conclude,
    findings,
    percentile,
    rounds_asked,
)
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from fedpact.chassis.clock import SystemClock
from fedpact.contracts.envelope import TOKEN_HEADER, command_envelope
from fedpact.contracts.registry import RegisterModel

RATE = 20
COMMANDS = 400
BURST = 500
RAW = 20_000
WINDOW = 128
SECONDS = 120
EXPIRES = timedelta(seconds=SECONDS)
OTHER = "lab"
LATENCY = (Measure(name="p99", unit="ms", limit=at_most(50, "ms")), Measure(name="p50", unit="ms"))
THROUGHPUT = (Measure(name="per second", unit="/s", limit=at_least_times(0.01)),)
HUB = frozenset({"nats", "mongo", "identity", "registry"})


@asynccontextmanager
async def raw_stream(hub: Embedded) -> AsyncIterator[JetStreamContext]:
    """A stream of the benchmark's own on the federation's server."""
    async with hub.bus("administrator") as client:
        js = client.jetstream(timeout=10)
        await js.add_stream(name="raw", subjects=["raw.>"])
        yield js


async def open_loop(call: Callable[[int], Awaitable[object]]) -> Sample:
    """Milliseconds of calls that start 20 a second, counted from when they were to start."""
    took: list[float] = []
    began = time.perf_counter()

    async def one(number: int) -> None:
        due = began + number / RATE
        await asyncio.sleep(due - time.perf_counter())
        with contextlib.suppress(LateError):
            await call(number)
        took.append((time.perf_counter() - due) * 1000)

    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        for number in range(COMMANDS):
            group.create_task(one(number))
    return {"p99": percentile(took, 0.99), "p50": percentile(took, 0.5)}


async def latency(rounds: int) -> list[Finding]:
    """Command to fact at the API."""
    async with embedded(only=HUB | {"portal"}) as hub, by_hand(hub) as call:
        mia = hub.api("mia")

        async def reference() -> Sample:
            return await open_loop(lambda _: call())

        async def ours() -> Sample:
            return await open_loop(lambda _: register(mia))

        return findings(LATENCY, *await alternate(reference, ours, rounds=rounds))


async def register(mia: Api) -> object:
    """One command through the API."""
    return await mia.post("/v1/models", {"model": new_model(), "name": "A model of the benchmark"})


def new_model() -> str:
    return f"bench-{uuid4().hex[:16]}"


async def throughput(rounds: int) -> list[Finding]:
    """Commands that one service gets through."""
    async with (
        embedded(only=HUB) as hub,
        raw_stream(hub) as js,
        hub.bus(OTHER) as lab,
        hub.bus("administrator") as ear,
    ):
        token = await hub.api("mia").token()

        async def reference() -> Sample:
            began = time.perf_counter()
            await windowed(lambda _: js.publish("raw.burst", b"x" * 600, headers={"Nats-Msg-Id": str(uuid4())}), RAW)
            return {"per second": RAW / (time.perf_counter() - began)}

        async def ours() -> Sample:
            return {"per second": BURST / await burst(lab, ear, token)}

        return findings(THROUGHPUT, *await alternate(reference, ours, rounds=rounds))


async def burst(lab: Client, ear: Client, token: str) -> float:
    """Seconds from the first command to the last outcome."""
    js, done, refused = lab.jetstream(timeout=10), asyncio.Event(), 0
    wanted: set[str] = set()

    async def hear(message: Msg) -> None:
        nonlocal refused
        refused += message.subject.split(".")[5] == "refused"
        wanted.discard((message.headers or {}).get("ce-causationid", ""))
        if not wanted:
            done.set()

    orders = [outgoing(token) for _ in range(BURST)]
    wanted |= {headers["Nats-Msg-Id"] for _, _, headers in orders}
    heard = await ear.subscribe(f"fedpact.evt.*.registry.command.*.{OTHER}", cb=hear)
    await ear.flush()
    began = time.perf_counter()

    async def publish(number: int) -> object:
        subject, body, headers = orders[number]
        return await js.publish(subject, body, headers=headers)

    await windowed(publish, BURST)
    async with asyncio.timeout(SECONDS):
        await done.wait()
    took = time.perf_counter() - began
    await heard.unsubscribe()
    assert not refused, f"{refused} commands were refused"
    return took


def outgoing(token: str) -> tuple[str, bytes, dict[str, str]]:
    """A command as another system sends it: subject, body, headers."""
    command = RegisterModel(model=new_model(), name="A model of the benchmark")
    now = SystemClock().now()
    envelope = command_envelope(command, sender=OTHER, time=now, expires=now + EXPIRES)
    subject = command.subject(envelope.channel, OTHER)
    return subject, command.model_dump_json().encode(), envelope.headers() | {TOKEN_HEADER: token}


async def windowed(publish: Callable[[int], Awaitable[object]], count: int) -> None:
    """`count` publishes with at most 128 waiting for their acknowledgement."""
    window = asyncio.Semaphore(WINDOW)

    async def one(number: int) -> None:
        async with window:
            await publish(number)

    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))


async def work(rounds: int) -> int:
    """Both measurements, one table."""
    return conclude("messages", [*await throughput(rounds), *await latency(rounds)])


if __name__ == "__main__":
    asked = rounds_asked("Latency of a command at the API, throughput of a service.")
    sys.exit(carry_out(lambda: work(asked)))
