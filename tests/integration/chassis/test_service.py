"""The life of a service process."""

import asyncio

from aiohttp import web
from opentelemetry.sdk.trace import TracerProvider
from servers import free_port

from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import SystemClock
from fedpact.chassis.service import Service
from fedpact.chassis.settings import ServiceSettings


async def test_a_service_that_waits_for_its_bus_ends_when_it_is_told_to() -> None:
    settings = ServiceSettings(nats_url=f"nats://127.0.0.1:{free_port()}", port=free_port())
    bus = Bus(settings, "tests", SystemClock(), tracer=TracerProvider())
    service = Service(name="tests", settings=settings, bus=bus, app=web.Application(), clock=SystemClock())
    stopped = asyncio.Event()
    running = asyncio.create_task(service.run(stopped))
    done, _ = await asyncio.wait([running], timeout=1.0)
    assert not done
    stopped.set()
    async with asyncio.timeout(10):
        await running
