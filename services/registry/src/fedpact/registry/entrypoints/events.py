"""The observations the registry hears."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke
from fedpact.registry.app.handlers import Handlers


def subscribe(bus: Bus, handlers: Handlers) -> None:
    bus.on(GatewaySpoke, handlers.gateway_spoke)
    bus.on(DatasetOffered, handlers.dataset_spoken_of)
    bus.on(DatasetTakenBack, handlers.dataset_spoken_of)
