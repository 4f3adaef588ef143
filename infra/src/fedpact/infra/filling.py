"""
`fedpact fill`: gives a federation that runs the demo's tables, models and signed policies, and tells no story.

Done again it changes nothing: a policy that an owner has changed or withdrawn since stays as it is.
"""

import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from fedpact.client.clock import Clock
from fedpact.client.errors import NotFoundError
from fedpact.client.oauth import Issuer
from fedpact.infra import holding
from fedpact.infra.demo_table import load, split
from fedpact.infra.demo_world import LOGREG, STATISTICS, World, knows, policy_of
from fedpact.infra.errors import NotFilledError, NotRunningError
from fedpact.infra.federation import Custodian, federation
from fedpact.infra.layout import Layout

MODELS = (STATISTICS.model, LOGREG.model)
PATIENCE = 60.0
PAUSE = 0.1


class Filled(BaseModel):
    """What is there now, at a portal."""

    model_config = ConfigDict(frozen=True)

    url: str
    datasets: tuple[str, ...]
    models: tuple[str, ...]
    policies: tuple[str, ...]


def fill(layout: Layout, models: Path) -> Filled:
    """Every gateway that runs has a part of the table, and its owner lets North Lab run both models on it."""
    world = _world(layout)
    custodians = world.federation.custodians
    _, parts = split(load(), len(custodians))
    datasets = world.register_data(parts)
    world.push_models(models, MODELS)
    _until(lambda: _known(world, datasets), layout)
    for custodian in custodians:
        if not _ruled(world, custodian):
            world.publish_of(custodian, (STATISTICS, LOGREG))
    policies = tuple(policy_of(custodian) for custodian in custodians)
    _until(lambda: all(_ruled(world, custodian) for custodian in custodians), layout)
    return Filled(url=world.portal, datasets=tuple(datasets), models=MODELS, policies=policies)


def _world(layout: Layout) -> World:
    """The federation of the folder, with the gateways that run now."""
    said = holding.running(layout)
    if said is None:
        raise NotRunningError(layout.root)
    issuer = Issuer.at(said.identity, {}, Clock(), None)
    return World(federation(len(said.sockets)), layout, said.url, issuer)


def _known(world: World, datasets: list[str]) -> bool:
    with world.user("ada") as ada:
        return knows(ada, datasets, MODELS)


def _ruled(world: World, custodian: Custodian) -> bool:
    with world.user(custodian.owner) as owner:
        try:
            owner.policies.get(policy_of(custodian))
        except NotFoundError:
            return False
    return True


def _until(holds: Callable[[], bool], layout: Layout) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise NotFilledError(PATIENCE, layout.logs)
        time.sleep(PAUSE)
