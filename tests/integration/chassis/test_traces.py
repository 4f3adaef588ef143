"""One request, one trace: through HTTP, the stream, the handler, the outbox and out again."""

import asyncio
from functools import partial

from aiohttp import ClientSession, web
from counter import COUNTERS, Add, Added, TestAccepted, TestRefused, added
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from servers import until

from fedpact.chassis import bus_admin
from fedpact.chassis.aggregates import Cause, Stored, entry
from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import SystemClock
from fedpact.chassis.commands import Commands, refusals
from fedpact.chassis.http import make_app, serving
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.relay import Relay
from fedpact.chassis.settings import ServiceSettings
from fedpact.chassis.telemetry import current_traceparent
from fedpact.contracts.envelope import TOKEN_HEADER, Actor, Order, command_envelope
from fedpact.infra.topology import Durable, Stream

STREAMS = (
    Stream(name="commands", subjects=("fedpact.cmd.>",), work_queue=True),
    Stream(name="tests", subjects=("fedpact.evt.*.tests.>",), message_ttl=True),
)
DURABLES = (
    Durable(stream="commands", name="tests", filters=("fedpact.cmd.*.tests.>",)),
    Durable(stream="tests", name="tests", filters=("fedpact.evt.*.tests.counter.*.*",)),
)


async def publishes(bus: Bus, _: web.Request) -> web.Response:
    command = Add(name="c1", amount=1)
    envelope = command_envelope(command, sender="lab", time=SystemClock().now())
    sent = entry(command, envelope.model_copy(update={"traceparent": current_traceparent()}))
    sent["headers"][TOKEN_HEADER] = "ada"
    await bus.publish(sent)
    return web.json_response({})


async def test_one_request_is_one_trace_through_bus_and_outbox(nats_url: str) -> None:
    spans = InMemorySpanExporter()
    tracer = TracerProvider()
    tracer.add_span_processor(SimpleSpanProcessor(spans))
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, STREAMS, DURABLES)
    clock = SystemClock()
    bus = Bus(ServiceSettings(nats_url=nats_url, nats_linger_seconds=0), "tests", clock, tracer=tracer)
    counters = Stored(MemoryDocuments(), COUNTERS)
    kept = refusals(MemoryDocuments(), "tests", clock.now)
    heard: list[Added] = []

    async def who(token: str, _: object) -> Actor:
        return Actor(user=token, organization="lab")

    async def order(order: Order[Add], cause: Cause) -> None:
        await counters.change(order.command.name, lambda _: [added(order.command.amount)], cause)

    async def hear(fact: Added, cause: Cause) -> None:
        heard.append(fact)

    outcomes = {"accepted": TestAccepted, "refused": TestRefused}
    bus.on_command(Add, Commands(kept, who, changes=[counters], **outcomes).handle(Add, order))  # type: ignore[arg-type]
    bus.on(Added, hear)
    app = make_app(checks={}, tracer=tracer)
    app.router.add_post("/adds", partial(publishes, bus))
    await bus.start()
    relay = asyncio.create_task(Relay([counters], bus.publish, sweep=0.05).run())
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with serving(app, "127.0.0.1", 0) as port, ClientSession() as session:
        await session.post(f"http://127.0.0.1:{port}/adds", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        await until(lambda: _true(heard))
    relay.cancel()
    await bus.stop()
    mine = [span for span in spans.get_finished_spans() if f"{span.context.trace_id:032x}" == trace]
    names = " ".join(span.name for span in mine)
    assert "POST /adds" in names
    assert len([span for span in mine if "process" in span.name]) >= 2
    known = {span.context.span_id for span in mine} | {0xB7AD6B7169203331}
    assert {span.parent.span_id for span in mine if span.parent} <= known


async def _true(value: object) -> bool:
    return bool(value)
