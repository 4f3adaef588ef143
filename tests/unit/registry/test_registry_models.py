"""Models: published by one organization, each version pinned to one digest for good."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import AddModelVersion, Example, ModelChanged, RegisterModel, VersionRecord
from fedpact.registry.domain import models
from fedpact.registry.domain.errors import (
    AlreadyRegisteredError,
    NotAllowedError,
    NotPublisherError,
    RegistryError,
    UnknownModelError,
    VersionTakenError,
)
from fedpact.registry.domain.model import Model

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAKER = Actor(user="mia", organization="maker", roles=(Role.MODEL_MANAGER,))
RIVAL = Actor(user="rex", organization="rival", roles=(Role.MODEL_MANAGER,))
SCIENTIST = Actor(user="ada", organization="maker", roles=(Role.DATA_SCIENTIST, Role.ADMIN))
LOGREG = Model(id="logreg", name="Logistic regression", description="", publisher="maker")


def digest(sign):
    return "sha256:" + sign * 64


def order(actor, command):
    return Order(command=command, actor=actor, now=NOW)


def registration(**changed):
    return RegisterModel(**({"model": "logreg", "name": "Logistic regression"} | changed))


def version(number="1.0.0", sign="a", **more):
    return AddModelVersion(model="logreg", record=VersionRecord(version=number, digest=digest(sign), **more))


def after(facts, known=None):
    for fact in facts:
        known = models.evolve(known, fact)
    return known


def test_a_model_is_published_by_the_organization_of_who_registers_it():
    assert after(models.register(None, order(MAKER, registration()))) == LOGREG


def test_an_owner_may_publish_for_its_organization():
    owner = Actor(user="olga", organization="maker", roles=(Role.OWNER,))
    assert after(models.register(None, order(owner, registration()))) == LOGREG


def test_publishing_needs_the_role():
    with pytest.raises(NotAllowedError, match="`model_manager`"):
        models.register(None, order(SCIENTIST, registration()))
    with pytest.raises(NotAllowedError):
        models.add_version(LOGREG, order(SCIENTIST, version()))


def test_registering_the_same_model_again_changes_nothing():
    assert models.register(LOGREG, order(MAKER, registration())) == []


@pytest.mark.parametrize(("actor", "command"), [(RIVAL, registration()), (MAKER, registration(name="Other"))])
def test_a_taken_id_is_refused(actor, command):
    with pytest.raises(AlreadyRegisteredError, match="choose another id"):
        models.register(LOGREG, order(actor, command))


def test_the_publisher_adds_a_version():
    [fact] = models.add_version(LOGREG, order(MAKER, version()))
    assert isinstance(fact, ModelChanged)
    assert after([fact], LOGREG).versions == (version().record,)


def test_another_organization_adds_no_version():
    with pytest.raises(NotPublisherError, match="published by `maker`"):
        models.add_version(LOGREG, order(RIVAL, version()))


def test_a_version_needs_a_registered_model():
    with pytest.raises(UnknownModelError, match="register the model first"):
        models.add_version(None, order(MAKER, version()))


def test_the_same_version_and_digest_again_changes_nothing():
    known = after(models.add_version(LOGREG, order(MAKER, version())), LOGREG)
    assert models.add_version(known, order(MAKER, version(commit="other"))) == []


def test_a_version_is_never_pinned_to_another_digest():
    known = after(models.add_version(LOGREG, order(MAKER, version())), LOGREG)
    with pytest.raises(VersionTakenError, match="under a new version") as refused:
        models.add_version(known, order(MAKER, version(sign="b")))
    assert refused.value.path == "record.version"


commands = st.one_of(
    st.builds(registration, name=st.sampled_from(["A", "B"])),
    st.builds(version, st.sampled_from(["1.0.0", "1.1.0"]), st.sampled_from("abc")),
)


@given(st.lists(st.tuples(st.sampled_from([MAKER, RIVAL]), commands), max_size=15))
def test_whatever_is_sent_what_was_pinned_stays_pinned_and_the_publisher_stays(sent):
    known = None
    for actor, command in sent:
        before = known
        decide = models.register if isinstance(command, RegisterModel) else models.add_version
        try:
            known = after(decide(known, order(actor, command)), known)
        except RegistryError:
            continue
        if before is not None:
            assert known.publisher == before.publisher
            assert known.versions[: len(before.versions)] == before.versions
        names = [v.version for v in known.versions] if known else []
        assert len(set(names)) == len(names)


def test_examples_come_with_a_version_and_a_later_push_brings_them_to_one_that_had_none():
    few, many = Example(title="few", payload={"rounds": 1}), Example(title="many", payload={"rounds": 9})
    bare = after(models.add_version(LOGREG, order(MAKER, version())), LOGREG)
    told = after(models.add_version(bare, order(MAKER, version(examples=(few,)))), bare)
    assert [record.examples for record in told.versions] == [(few,)]
    assert models.add_version(told, order(MAKER, version(examples=(many,)))) == []
    assert models.add_version(told, order(MAKER, version())) == []


def test_a_version_recorded_before_there_were_examples_is_read():
    recorded = ModelChanged(model="m", name="M", publisher="maker", versions=(version().record,)).model_dump_json()
    assert ModelChanged.model_validate_json(recorded.replace(',"examples":[]', "")).versions[0].examples == ()
