"""
Traces that follow one request through the bus and the outbox, and logs as one JSON object a line.

The relay publishes later than the handler saved, so the trace context travels inside the outbox entry.
Without a collector nothing is recorded, but the context is still passed on.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from opentelemetry import context, propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

_FIELDS = ("fact", "key", "reason", "correlation", "actor", "command", "slug")


def tracing(service: str, endpoint: str | None) -> TracerProvider:
    """The tracer provider of this process. `endpoint` is an OTLP/HTTP collector's base URL."""
    resource = Resource.create({"service.name": f"fedpact-{service}"})
    provider = TracerProvider(resource=resource, sampler=None if endpoint else ALWAYS_OFF)
    if endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    return provider


def current_traceparent() -> str | None:
    """The W3C trace context of the running work, for a message that is published later."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def resumed(traceparent: str | None) -> Iterator[None]:
    """Run as part of the trace that `traceparent` names."""
    if not traceparent:
        yield
        return
    token = context.attach(propagate.extract({"traceparent": traceparent}))
    try:
        yield
    finally:
        context.detach(token)


class JsonLines(logging.Formatter):
    """One line a decision: time, level, service, text, and the members a decision names."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "msg": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line["trace_id"] = f"{span.trace_id:032x}"
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_as_json(service: str, level: str) -> None:
    """Send every log record to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("aiohttp.access", "faststream", "httpx", "httpx2", "nats", "pymongo"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
