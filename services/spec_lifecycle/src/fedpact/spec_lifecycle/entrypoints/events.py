"""The facts this service listens to. One line each."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.copies import Copies
from fedpact.contracts.jobs import JobCancelled, JobSubmitted
from fedpact.contracts.policies import GrantsDenied, GrantsIssued, GrantsRenewed, SpecDecided
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered, ModelChanged
from fedpact.contracts.scheduling import ActivationIdled, GangPlaced, GangRefused, SpecAssessed
from fedpact.contracts.workloads import (
    InventoryTaken,
    JobObserved,
    ParticipantAccepted,
    ParticipantChanged,
    ParticipantGone,
    ParticipantRefused,
    ServerReady,
    SitesConnected,
)
from fedpact.spec_lifecycle.app.handlers import Handlers


def subscribe(bus: Bus, handlers: Handlers, datasets: Copies[DatasetRegistered], models: Copies[ModelChanged]) -> None:
    bus.on(DatasetRegistered, datasets.keep)
    bus.on(DatasetUnregistered, handlers.unregistered)
    bus.on(ModelChanged, models.keep)
    bus.on(SpecDecided, handlers.hear)
    bus.on(GrantsIssued, handlers.hear)
    bus.on(GrantsRenewed, handlers.hear)
    bus.on(GrantsDenied, handlers.hear)
    bus.on(SpecAssessed, handlers.hear)
    bus.on(GangPlaced, handlers.hear)
    bus.on(GangRefused, handlers.hear)
    bus.on(ActivationIdled, handlers.hear)
    bus.on(ParticipantAccepted, handlers.hear)
    bus.on(ParticipantRefused, handlers.hear)
    bus.on(ParticipantChanged, handlers.hear)
    bus.on(ParticipantGone, handlers.hear)
    bus.on(ServerReady, handlers.hear)
    bus.on(SitesConnected, handlers.hear)
    bus.on(InventoryTaken, handlers.counted)
    bus.on(JobSubmitted, handlers.hear)
    bus.on(JobCancelled, handlers.hear)
    bus.on(JobObserved, handlers.hear)
