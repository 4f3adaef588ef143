"""Which commands this service takes."""

from fedpact.chassis.bus import Bus
from fedpact.chassis.commands import Commands
from fedpact.contracts.artifacts import DeleteArtifact, GrantArtifact, RevokeArtifact
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.jobs.app.artifacts import Sharing
from fedpact.jobs.app.handlers import Handlers


def subscribe(bus: Bus, orders: Commands, handlers: Handlers) -> None:
    bus.on_command(SubmitJob, orders.handle(SubmitJob, handlers.submit))
    bus.on_command(CancelJob, orders.handle(CancelJob, handlers.cancel))


def subscribe_artifacts(bus: Bus, orders: Commands, sharing: Sharing) -> None:
    bus.on_command(GrantArtifact, orders.handle(GrantArtifact, sharing.grant))
    bus.on_command(RevokeArtifact, orders.handle(RevokeArtifact, sharing.revoke))
    bus.on_command(DeleteArtifact, orders.handle(DeleteArtifact, sharing.delete))
