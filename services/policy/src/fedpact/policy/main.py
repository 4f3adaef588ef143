"""The policy service, composed. The only module that knows all others."""

from datetime import timedelta

from fedpact.chassis import service
from fedpact.chassis.hub import Hub
from fedpact.chassis.rounds import ROUNDS, Rounds
from fedpact.chassis.service import Service
from fedpact.contracts.policies import CommandAccepted, CommandRefused, MessageQuarantined
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import SpecCreated
from fedpact.decision.actors import read_actor
from fedpact.decision.grants import sign_grant
from fedpact.policy.adapters.owner_keys import KeyFolder
from fedpact.policy.adapters.signing_key import signing_key
from fedpact.policy.app.handlers import Handlers, Terms
from fedpact.policy.app.kinds import CASES, DATASETS, POLICIES, datasets_of
from fedpact.policy.app.previews import Previews
from fedpact.policy.entrypoints import commands, events, queries
from fedpact.policy.settings import Settings

NAME = "policy"


def compose(settings: Settings) -> Service:
    """Everything wired, nothing connected."""
    hub = Hub(settings, NAME, quarantined=MessageQuarantined)
    policies, cases = hub.kept("policies", POLICIES), hub.kept("cases", CASES)
    pacts = hub.copies("pacts", SpecCreated, {"dataset": datasets_of})
    rounds = hub.kept("rounds", ROUNDS)
    handlers = Handlers(
        policies=policies,
        cases=cases,
        datasets=hub.kept("datasets", DATASETS),
        pacts=pacts,
        models=hub.copies("models", ModelChanged),
        rounds=Rounds(rounds),
        owner_keys=KeyFolder(settings.owner_keys_dir),
        terms=_terms(settings),
    )
    events.subscribe(hub.bus, handlers)
    previews = Previews(policies=policies, cases=cases, pacts=pacts, known=handlers.known, clock=hub.clock)
    queries.subscribe(hub.bus, previews)
    orders = hub.commands(read_actor, accepted=CommandAccepted, refused=CommandRefused)
    commands.subscribe(hub.bus, orders, handlers)
    return hub.service({cases: handlers.tick, rounds: handlers.go_on})


def run() -> None:
    """The process."""
    settings = Settings()
    service.run(lambda: compose(settings), settings, NAME)


def _terms(settings: Settings) -> Terms:
    key = signing_key(settings.key_file, settings.public_key)
    return Terms(
        sign=lambda grant: sign_grant(grant, key),
        lifetime=timedelta(minutes=settings.grant_minutes),
        require_signatures=settings.require_signatures,
    )
