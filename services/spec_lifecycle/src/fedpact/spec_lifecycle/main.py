"""Composition root: the only module that knows every other one."""

from fedpact.chassis import service
from fedpact.chassis.hub import Hub
from fedpact.chassis.rounds import ROUNDS, Rounds
from fedpact.chassis.service import Service
from fedpact.contracts.registry import DatasetRegistered, ModelChanged
from fedpact.contracts.specs import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.decision.actors import read_actor
from fedpact.spec_lifecycle.adapters.registry import RegistryCopies
from fedpact.spec_lifecycle.app.handlers import Handlers
from fedpact.spec_lifecycle.app.kinds import SPECS
from fedpact.spec_lifecycle.entrypoints import commands, events
from fedpact.spec_lifecycle.settings import Settings

NAME = "spec_lifecycle"


def compose(settings: Settings) -> Service:
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    specs = hub.kept("specs", SPECS)
    datasets = hub.copies("datasets", DatasetRegistered)
    models = hub.copies("models", ModelChanged)
    rounds = hub.kept("rounds", ROUNDS)
    handlers = Handlers(specs, RegistryCopies(datasets, models), datasets, Rounds(rounds), settings.limits)
    events.subscribe(hub.bus, handlers, datasets, models)
    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, handlers)
    return hub.service({specs: handlers.tick, rounds: handlers.go_on})


def run() -> None:
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)
