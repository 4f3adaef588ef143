"""The scheduler, wired: capacity for whole activations, everywhere or nowhere; and an end to those that idle."""

from collections.abc import Iterable

from fedpact.chassis import service
from fedpact.chassis.hub import Hub
from fedpact.chassis.rounds import ROUNDS, Rounds
from fedpact.chassis.service import Service
from fedpact.contracts.scheduling import MessageQuarantined
from fedpact.contracts.specs import SpecCreated
from fedpact.scheduler.app.handlers import Handlers
from fedpact.scheduler.app.kinds import ASSESSMENTS, CULLINGS, IDLENESS, LEDGER, SWEEPS
from fedpact.scheduler.app.queries import Queries
from fedpact.scheduler.app.sweeps import Sweeps
from fedpact.scheduler.domain.admission import Rules
from fedpact.scheduler.entrypoints import events, queries
from fedpact.scheduler.settings import Settings

NAME = "scheduler"


def compose(settings: Settings) -> Service:
    """Everything wired, nothing connected."""
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    ledger, assessments = hub.kept("ledger", LEDGER), hub.kept("assessments", ASSESSMENTS)
    specs = hub.copies("specs", SpecCreated, {"site": _gateways})
    rules = Rules(bypasses=settings.bypasses, weights=settings.weights)
    rounds = hub.kept("rounds", ROUNDS)
    handlers = Handlers(ledger=ledger, assessments=assessments, specs=specs, rounds=Rounds(rounds), rules=rules)
    cullings, planned = hub.kept("cullings", CULLINGS), hub.kept("sweeps", SWEEPS)
    sweeps = Sweeps(
        idleness=hub.kept("idleness", IDLENESS),
        cullings=cullings,
        sweeps=planned,
        culling=settings.environment_culling.rule,
        clock=hub.clock,
    )
    events.subscribe(hub.bus, handlers, sweeps)
    queries.subscribe(hub.bus, Queries(ledger=ledger, rules=rules))
    return hub.service({planned: sweeps.tick, rounds: handlers.go_on}, prepare=(sweeps.prepare,))


def run() -> None:
    """Run the scheduler until it is told to stop."""
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)


def _gateways(spec: SpecCreated) -> Iterable[str]:
    return (site.gateway for site in spec.sites)
