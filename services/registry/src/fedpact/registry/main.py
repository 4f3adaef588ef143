"""The registry, wired. The only module that knows all others."""

from fedpact.chassis import service
from fedpact.chassis.hub import Hub
from fedpact.chassis.rounds import ROUNDS, Rounds
from fedpact.chassis.service import Service
from fedpact.contracts.registry import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.decision.actors import read_actor
from fedpact.registry.adapters import bootstrap_file
from fedpact.registry.adapters.organizations import AskedOrganizations
from fedpact.registry.app import bootstrap
from fedpact.registry.app.belief import Belief
from fedpact.registry.app.handlers import Handlers
from fedpact.registry.app.kinds import DATASETS, GATEWAYS, MODELS, PROPOSALS, SITES
from fedpact.registry.app.proposals import Proposals
from fedpact.registry.entrypoints import commands, events
from fedpact.registry.settings import Settings

NAME = "registry"


def compose(settings: Settings) -> Service:
    """The service, not yet started."""
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    gateways, sites = hub.kept("gateways", GATEWAYS), hub.kept("sites", SITES)
    datasets, models = hub.kept("datasets", DATASETS), hub.kept("models", MODELS)
    rounds = hub.kept("rounds", ROUNDS)
    belief = Belief(gateways=gateways, sites=sites, datasets=datasets, rounds=Rounds(rounds))
    asked = AskedOrganizations(hub.bus.ask)
    handlers = Handlers(gateways=gateways, sites=sites, models=models, belief=belief, organizations=asked)
    proposed = hub.kept("proposals", PROPOSALS)
    proposals = Proposals(proposals=proposed, gateways=gateways, datasets=datasets)
    founding = bootstrap_file.read(settings.bootstrap_file)

    async def found() -> None:
        await bootstrap.apply(founding, gateways, belief, hub.clock.now())

    events.subscribe(hub.bus, handlers, proposals)
    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, handlers, proposals)
    return hub.service({proposed: proposals.tick, rounds: belief.go_on}, prepare=[found])


def run() -> None:
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)
