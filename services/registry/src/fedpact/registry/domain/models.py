"""
Models: published by one organization, each version pinned to one digest for good.

What a policy or spec named yesterday must be what runs tomorrow, so nothing of a version ever changes. Its examples
bind nobody: a version that came without takes those of a later push.
"""

from collections.abc import Sequence

from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import AddModelVersion, ModelChanged, RegisterModel, VersionRecord
from fedpact.registry.domain.errors import (
    AlreadyRegisteredError,
    NotAllowedError,
    NotPublisherError,
    UnknownModelError,
    VersionTakenError,
)
from fedpact.registry.domain.model import Model


def register(known: Model | None, order: Order[RegisterModel]) -> Sequence[Fact]:
    """The facts that make a model known, published by the actor's organization."""
    _may_publish(order.actor)
    wanted = Model(
        id=order.command.model,
        name=order.command.name,
        description=order.command.description,
        publisher=order.actor.organization,
    )
    if known is None:
        return [_fact(wanted, ())]
    if _card(known) != _card(wanted):
        raise AlreadyRegisteredError(f"the model `{known.id}` is already registered: choose another id", path="model")
    return []


def add_version(known: Model | None, order: Order[AddModelVersion]) -> Sequence[Fact]:
    """The facts that add a version; none when the version has that digest already and nothing is added to it."""
    _may_publish(order.actor)
    command, record = order.command, order.command.record
    if known is None:
        raise UnknownModelError(f"there is no model `{command.model}`: register the model first", path="model")
    if known.publisher != order.actor.organization:
        raise NotPublisherError(
            f"`{known.id}` is published by `{known.publisher}`: only that organization adds versions", path="model"
        )
    pinned = {version.version: version for version in known.versions}.get(record.version)
    if pinned is None:
        return [_fact(known, (*known.versions, record))]
    if pinned.digest != record.digest:
        raise VersionTakenError(
            f"version `{record.version}` of `{known.id}` is pinned to `{pinned.digest}`: publish this one under a new"
            " version",
            path="record.version",
        )
    if pinned.examples or not record.examples:
        return []
    explained = pinned.model_copy(update={"examples": record.examples})
    return [_fact(known, tuple(explained if version is pinned else version for version in known.versions))]


def evolve(_: Model | None, fact: Fact) -> Model:
    """The model after `fact`, which always says the whole of it."""
    assert isinstance(fact, ModelChanged)
    return Model(
        id=fact.model,
        name=fact.name,
        description=fact.description,
        publisher=fact.publisher,
        versions=fact.versions,
    )


def _may_publish(actor: Actor) -> None:
    if not actor.has(Role.MODEL_MANAGER, Role.OWNER):
        raise NotAllowedError("publishing models needs the role `model_manager`: ask an owner of your organization")


def _card(model: Model) -> tuple[str, str, str]:
    return model.name, model.description, model.publisher


def _fact(model: Model, versions: tuple[VersionRecord, ...]) -> ModelChanged:
    return ModelChanged(
        model=model.id,
        name=model.name,
        description=model.description,
        publisher=model.publisher,
        versions=versions,
    )
