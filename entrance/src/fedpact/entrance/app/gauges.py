"""What an operator sees of the entrance: how many pass, how much, and why others do not. No name is a label."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge


class Gauges:
    """Metrics of one entrance."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._open = Gauge("fedpact_entrance_open", "Connections that are through", registry=self.registry)
        self._passed = Counter("fedpact_entrance_passages", "Connections that were let through", registry=self.registry)
        self._bytes = Counter("fedpact_entrance_bytes", "Bytes passed on", ["direction"], registry=self.registry)
        self._refused = Counter(
            "fedpact_entrance_refused", "Connections that were not let through", ["reason"], registry=self.registry
        )

    @contextmanager
    def passage(self) -> Iterator[None]:
        """While one is through."""
        self._passed.inc()
        with self._open.track_inprogress():
            yield

    def passed(self, *, inward: int, outward: int) -> None:
        self._bytes.labels("in").inc(inward)
        self._bytes.labels("out").inc(outward)

    def refused(self, reason: str) -> None:
        self._refused.labels(reason).inc()
