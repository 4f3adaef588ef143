"""
What the benchmarks of ours stand on: a whole federation, warm, with data, models, signed policies and a pact.

Waiting is by the portal's event stream, as a client waits: a line about the spec, or the line that says of the job what
is waited for, wakes it, then it reads what changed.
Asking in short steps instead would load what is being measured.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import nats
from bench_federation import Api, Embedded, embedded
from nats.js.api import ConsumerConfig, DeliverPolicy

from fedpact.chassis.clock import SystemClock
from fedpact.client.clock import Clock
from fedpact.client.oauth import Issuer
from fedpact.contracts.pact import Demand, ModelRef, Resources, SpecContent
from fedpact.contracts.policies import Rule
from fedpact.infra import topology
from fedpact.infra.commands import shipped_models
from fedpact.infra.demo_table import load, split
from fedpact.infra.demo_world import LOGREG, World

MODEL, VERSION = "logreg", "0.1.0"
SECONDS = 120.0
LOOK = 1.0
"""Seconds after which to look although nothing was heard."""
RULE = Rule.model_validate(LOGREG.model_dump())


@dataclass(slots=True)
class Spec:
    """One pact, as its creator sees it, with an ear on its events."""

    api: Api
    id: str
    about: str | None = None
    """The job that is waited for; `None` while it is the spec itself."""
    word: str = ""
    """What its line says; it always wakes when the job failed."""
    nudge: asyncio.Event = field(default_factory=asyncio.Event)

    async def activate(self) -> None:
        await self.api.post(f"/v1/specs/{self.id}/activate", {})

    async def deactivate(self) -> None:
        """Until all of it is gone."""
        await self.api.post(f"/v1/specs/{self.id}/deactivate", {})
        await self.until(lambda view: view["status"].startswith("inactive"))

    async def running(self) -> None:
        await self.until(lambda view: view["status"] == "active.running_idle")

    async def submit(self, payload: dict[str, Any], word: str) -> str:
        """The id of a new job, once its line says `word`; who chooses the id can listen before the job is there."""
        self.about, self.word = f"j-{uuid4().hex[:16]}", word
        self.nudge.clear()
        await self.api.post("/v1/jobs", {"spec_id": self.id, "payload": payload, "job_id": self.about})
        await self._woken()
        return self.about

    async def job(self, job: str, word: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The job once `holds`, which it does when its line says `word`."""
        self.about, self.word = job, word
        return await self._wait(f"/v1/jobs/{job}", holds)

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The spec once `holds`."""
        self.about = None
        return await self._wait(f"/v1/specs/{self.id}", holds)

    async def _wait(self, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            while True:
                self.nudge.clear()
                view = await self.api.get(path)
                if holds(view):
                    return view
                if str(view["status"]).startswith("failed"):
                    raise RuntimeError(f"{path}: {view['status']}: {view.get('cause') or view.get('reason')}")
                await self._woken()

    async def _woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self.nudge.wait()


WHOLE_MACHINE = Resources(cpu=os.cpu_count() or 1, memory=1024)
"""As much of the cores as the bare reference may use."""


@asynccontextmanager
async def prepared(each: Resources = WHOLE_MACHINE) -> AsyncIterator[tuple[Embedded, Spec]]:
    """A federation with an approved pact for `logreg` on two hospitals' tables; `each` is for each workload."""
    async with embedded() as hub:
        issuer = Issuer.at(hub.machine.url("identity"), {}, Clock(), None)
        world = World(hub.members, hub.layout, hub.machine.url("portal"), issuer)
        datasets = await asyncio.to_thread(_world_made, world)
        ada = hub.api("ada")
        await _known(ada, datasets)
        await asyncio.to_thread(world.publish, (RULE,))
        demand = Demand(clients=each, server=each)
        content = SpecContent(datasets=tuple(datasets), model=ModelRef(id=MODEL, version=VERSION), resources=demand)
        made = await ada.post("/v1/specs", {"content": content.model_dump(mode="json", exclude_none=True)})
        spec = Spec(ada, made["spec_id"])
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(_listen(spec))
            await spec.until(lambda view: view["verdict"] == "approved")
            try:
                yield hub, spec
            finally:
                listening.cancel()


def _world_made(world: World) -> list[str]:
    _, parts = split(load(), len(world.federation.custodians))
    datasets = world.register_data(parts)
    world.push_models(shipped_models(), (MODEL,))
    return datasets


async def _known(ada: Api, datasets: Sequence[str]) -> None:
    async with asyncio.timeout(SECONDS):
        while not set(datasets) <= {item["dataset"] for item in (await ada.get("/v1/datasets"))["items"]}:  # noqa: ASYNC110 - the registry hears it from the gateways
            await asyncio.sleep(0.1)


async def _listen(spec: Spec) -> None:
    """Wake whoever waits at every line about what is waited for."""
    endless = aiohttp.ClientTimeout(total=None)
    while True:
        headers = {"Authorization": f"Bearer {await spec.api.token()}"}
        url = f"{spec.api.portal}/v1/events"
        async with spec.api.session.get(url, params={"spec": spec.id}, headers=headers, timeout=endless) as stream:
            async for line in stream.content:
                if line.startswith(b"data:") and _wakes(spec, json.loads(line[5:])):
                    spec.nudge.set()


def _wakes(spec: Spec, told: dict[str, Any]) -> bool:
    if told.get("job_id") != spec.about:
        return False
    return spec.about is None or any(f"{spec.about} {word}" in told["text"] for word in (spec.word, "failed"))


@dataclass(frozen=True, slots=True)
class Told:
    """One message as its stream stored it: seconds after the start, and what it is."""

    after: float
    stream: str
    type: str
    about: str

    def line(self) -> str:
        return f"{self.after:8.3f}  {self.stream:11} {self.type:34} {self.about}"


async def told_since(hub: Embedded, began: datetime) -> list[Told]:
    """Every fact and directive since then, in the order of time: where an activation's seconds go."""
    seed = str(hub.seed("administrator"))
    client = await nats.connect(hub.machine.nats_url, nkeys_seed=seed, inbox_prefix=b"_INBOX_admin")
    found: list[Told] = []
    try:
        js = client.jetstream()
        for stream in (s for s in topology.streams() if not s.work_queue):
            start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_TIME, opt_start_time=began.isoformat())
            heard = await js.subscribe(stream=stream.name, subject=">", ordered_consumer=True, config=start)
            with contextlib.suppress(nats.errors.TimeoutError):
                while True:
                    message = await heard.next_msg(timeout=0.3)
                    at, headers = message.metadata.timestamp, message.headers or {}
                    after = (at - began) / timedelta(seconds=1)
                    found.append(
                        Told(after, stream.name, headers.get("ce-type", ""), f"{headers.get('ce-subject', '')}"[:60])
                    )
            await heard.unsubscribe()
    finally:
        await client.close()
    return sorted(found, key=lambda told: told.after)


def now() -> datetime:
    """The wall clock, which the bus's server goes by too."""
    return SystemClock().now()


def elapsed(since: float) -> float:
    """Seconds since a `perf_counter`."""
    return time.perf_counter() - since
