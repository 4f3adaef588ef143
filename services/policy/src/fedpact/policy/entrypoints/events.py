"""What the service listens to. Its own policy facts too: they re-decide the cases they touch."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.policies import PolicyPublished, PolicyWithdrawn
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered, ModelChanged
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced, SpecCreated
from fedpact.policy.app.handlers import Handlers


def subscribe(bus: Bus, handlers: Handlers) -> None:
    bus.on(DatasetRegistered, handlers.dataset_changed)
    bus.on(DatasetUnregistered, handlers.dataset_changed)
    bus.on(ModelChanged, handlers.models.keep)
    bus.on(SpecCreated, handlers.spec_created)
    bus.on(ActivationPlaced, handlers.activation_placed)
    bus.on(ActivationEnded, handlers.activation_ended)
    bus.on(PolicyPublished, handlers.policy_changed)
    bus.on(PolicyWithdrawn, handlers.policy_changed)
