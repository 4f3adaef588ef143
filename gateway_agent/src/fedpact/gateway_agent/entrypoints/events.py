"""Which directives this site follows, one line each."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.directives import JobDirective, ParticipantDirective, ServerDirective
from fedpact.gateway_agent.app.handlers import Handlers


def subscribe_gateway(bus: Bus, handlers: Handlers) -> None:
    bus.on(ParticipantDirective, handlers.participant)


def subscribe_orchestrator(bus: Bus, handlers: Handlers) -> None:
    bus.on(ServerDirective, handlers.server)
    bus.on(JobDirective, handlers.job)
