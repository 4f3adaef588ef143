"""What the portal listens to, one line a message."""

from fedpact.chassis.bus import Bus
from fedpact.contracts import access, artifacts, identity, jobs, policies, registry, scheduling, specs
from fedpact.portal.app.handlers import Handlers

OUTCOMES = "fedpact.evt.*.*.command.*.portal"
METRICS = "fedpact.tel.*.metrics.*"
ALIVE = "fedpact.tel.*.alive.*"


def subscribe(bus: Bus, handlers: Handlers) -> None:
    bus.on(identity.OrganizationRegistered, handlers.organization)
    bus.on(identity.UserChanged, handlers.user)
    bus.on(registry.GatewayRegistered, handlers.gateway)
    bus.on(registry.GatewayAnnounced, handlers.gateway)
    bus.on(access.GatewayInvited, handlers.gateway)
    bus.on(access.GatewayEnrolled, handlers.gateway)
    bus.on(access.GatewayRenewed, handlers.gateway)
    bus.on(access.GatewayRevoked, handlers.gateway)
    bus.on(access.GatewayExpiring, handlers.gateway)
    bus.on(registry.DatasetRegistered, handlers.dataset)
    bus.on(registry.DatasetUnregistered, handlers.dataset)
    bus.on(registry.DatasetProposed, handlers.proposal)
    bus.on(registry.ProposalSettled, handlers.proposal)
    bus.on(registry.ModelChanged, handlers.models)
    bus.on(policies.PolicyPublished, handlers.policy)
    bus.on(policies.PolicyWithdrawn, handlers.policy)
    bus.on(specs.SpecCreated, handlers.spec)
    bus.on(specs.VerdictReached, handlers.spec)
    bus.on(specs.SpecChanged, handlers.spec)
    bus.on(scheduling.GangQueued, handlers.news)
    bus.on(scheduling.GangRefused, handlers.news)
    bus.on(jobs.JobChanged, handlers.job)
    bus.on(jobs.ArtifactsStored, handlers.job)
    bus.on(artifacts.ArtifactRegistered, handlers.artifact)
    bus.on(artifacts.ArtifactGranted, handlers.artifact)
    bus.on(artifacts.ArtifactRevoked, handlers.artifact)
    bus.on(artifacts.ArtifactDeleted, handlers.artifact)
    for context in (identity, registry, policies, specs, jobs):
        bus.on(context.CommandAccepted, handlers.outcome)
        bus.on(context.CommandRefused, handlers.outcome)
    bus.watch(OUTCOMES, handlers.heard)
    bus.watch(METRICS, handlers.metrics)
    bus.watch(ALIVE, handlers.signs.alive)
