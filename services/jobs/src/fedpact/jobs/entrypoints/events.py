"""Which facts this service hears, its own about stored results among them."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import ArtifactsStored
from fedpact.contracts.policies import SpecDecided
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import (
    ActivationEnded,
    ActivationPlaced,
    ActivationStopping,
    JobOpened,
    JobRefused,
    SpecChanged,
    SpecCreated,
)
from fedpact.contracts.workloads import JobObserved
from fedpact.jobs.app.artifacts import Registering, Sharing
from fedpact.jobs.app.handlers import Handlers


def subscribe(bus: Bus, handlers: Handlers) -> None:
    bus.on(SpecCreated, handlers.pacts.created)
    bus.on(SpecChanged, handlers.pacts.changed)
    bus.on(SpecDecided, handlers.pacts.decided)
    bus.on(ModelChanged, handlers.pacts.model)
    bus.on(ActivationPlaced, handlers.placed)
    bus.on(ActivationStopping, handlers.stopping)
    bus.on(ActivationEnded, handlers.ended)
    bus.on(JobOpened, handlers.opened)
    bus.on(JobRefused, handlers.refused)
    bus.on(JobObserved, handlers.observed)


def subscribe_artifacts(bus: Bus, registering: Registering, sharing: Sharing) -> None:
    bus.on(ArtifactsStored, registering.stored)
    bus.on(UserChanged, sharing.user)
    bus.on(OrganizationRegistered, sharing.organization)
