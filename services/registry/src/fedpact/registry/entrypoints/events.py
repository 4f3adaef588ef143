"""The observations the registry hears."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke, ProposalAnswered
from fedpact.registry.app.handlers import Handlers
from fedpact.registry.app.proposals import Proposals


def subscribe(bus: Bus, handlers: Handlers, proposals: Proposals) -> None:
    bus.on(ProposalAnswered, proposals.answered)
    bus.on(GatewaySpoke, handlers.gateway_spoke)
    bus.on(DatasetOffered, handlers.dataset_spoken_of)
    bus.on(DatasetTakenBack, handlers.dataset_spoken_of)
