"""Which directives this site follows, one line each."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.directives import JobDirective, ParticipantDirective, ProposalDirective, ServerDirective
from fedpact.gateway_agent.app.handlers import Handlers
from fedpact.gateway_agent.app.proposals import Proposals


def subscribe_gateway(bus: Bus, handlers: Handlers, proposals: Proposals) -> None:
    bus.on(ParticipantDirective, handlers.participant)
    bus.on(ProposalDirective, proposals.hear)


def subscribe_orchestrator(bus: Bus, handlers: Handlers) -> None:
    bus.on(ServerDirective, handlers.server)
    bus.on(JobDirective, handlers.job)
