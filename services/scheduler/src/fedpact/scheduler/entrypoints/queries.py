"""Which questions the scheduler answers."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.queries import AskWait
from fedpact.scheduler.app.queries import Queries


def subscribe(bus: Bus, queries: Queries) -> None:
    bus.on_query(AskWait, queries.why)
