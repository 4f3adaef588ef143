"""The life of an artifact: messages in, facts out; and who may have it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs_values import ALICE, BOSS, COLLEAGUE, NOON, STRANGER, order
from pydantic import ValidationError

from fedpact.contracts.artifacts import (
    ArtifactDeleted,
    ArtifactGranted,
    ArtifactRegistered,
    ArtifactRevoked,
    DeleteArtifact,
    GrantArtifact,
    Grantee,
    RevokeArtifact,
    artifact_id,
)
from fedpact.contracts.envelope import Actor, DomainError, Fact
from fedpact.contracts.jobs import StoredFile
from fedpact.contracts.pact import ModelRef, Person
from fedpact.jobs.domain import artifacts
from fedpact.jobs.domain.artifacts import Artifact, Origin
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.terms import Terms

MODEL = ModelRef(id="logreg", version="1.0.0")
FILE = StoredFile(name="checkpoints/round-3.npz", digest="sha256:" + "1" * 64, size=7, kind="checkpoint")
KEY = artifact_id("j1", FILE.name)
JOB = Job(
    id="j1",
    spec_id="s1",
    actor=Person(user="alice", organization="uni"),
    payload={},
    activate=False,
    deactivate=False,
    submitted_at=NOON,
    steps=(),
    files=(FILE,),
)
ALLOWED = Terms(allowed=True)
BOB = Actor(user="bob", organization="clinic", roles=("data_scientist",))
TO_BOB, TO_CLINIC, TO_CAROL = Grantee(user="bob"), Grantee(organization="clinic"), Grantee(user="carol")
Step = Callable[[Artifact | None], Sequence[Fact]]


def registration(*, terms: Terms | None = ALLOWED, retention: timedelta | None = None) -> Step:
    origin = Origin(job=JOB, model=MODEL, terms=terms, retention=retention)
    return lambda artifact: artifacts.registered(artifact, FILE, origin, NOON)


def grant(
    to: Grantee = TO_BOB, by: Actor = ALICE, *, home: str | None = "clinic", terms: Terms | None = ALLOWED
) -> Step:
    command = order(GrantArtifact(artifact_id=KEY, grantee=to), by)
    return lambda artifact: artifacts.granted(artifact, command, home, terms)


def revoke(to: Grantee = TO_BOB, by: Actor = ALICE) -> Step:
    return lambda artifact: artifacts.revoked(artifact, order(RevokeArtifact(artifact_id=KEY, grantee=to), by))


def delete(by: Actor = ALICE) -> Step:
    return lambda artifact: artifacts.deleted(artifact, order(DeleteArtifact(artifact_id=KEY), by))


def after(*steps: Step) -> Artifact:
    artifact: Artifact | None = None
    for step in steps:
        for fact in step(artifact):
            artifact = artifacts.evolve(artifact, fact)
    assert artifact is not None
    return artifact


def refusal(step: Step, artifact: Artifact | None) -> str:
    with pytest.raises(DomainError) as caught:
        step(artifact)
    return caught.value.slug


def may_read(reader: Actor, artifact: Artifact) -> bool:
    try:
        return artifacts.readable(artifact, reader, KEY) == artifact
    except DomainError:
        return False


def test_a_stored_file_is_told_whole() -> None:
    [fact] = registration(retention=timedelta(days=2))(None)
    assert fact == ArtifactRegistered(
        artifact_id=KEY,
        job_id="j1",
        spec_id="s1",
        creator=JOB.actor,
        file=FILE,
        model=MODEL,
        media_type="application/octet-stream",
        round=3,
        created_at=NOON,
        keep_until=NOON + timedelta(days=2),
    )
    assert registration()(after(registration())) == []


def test_an_artifact_has_one_id_wherever_it_is_asked_for() -> None:
    assert artifact_id("j1", "a/b") == artifact_id("j1", "a/b") != artifact_id("j1", "a")
    assert artifact_id("j", "1/a") != artifact_id("j1", "a")
    assert len(KEY) <= 40


@pytest.mark.parametrize("named", [{}, {"user": "bob", "organization": "clinic"}])
def test_a_grant_is_to_exactly_one_user_or_organization(named: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either"):
        Grantee(**named)


@pytest.mark.parametrize(
    ("steps", "readers"),
    [
        ((), {"alice", "olga"}),
        ((grant(),), {"alice", "olga", "bob"}),
        ((grant(TO_CLINIC),), {"alice", "olga", "bob"}),
        ((grant(TO_CAROL, home="uni"),), {"alice", "olga", "carol"}),
        ((grant(Grantee(organization="uni"), home="uni"),), {"alice", "olga", "carol"}),
        ((grant(), revoke()), {"alice", "olga"}),
        ((grant(), grant(TO_CLINIC), revoke()), {"alice", "olga", "bob"}),
        ((grant(), delete()), set()),
    ],
)
def test_who_may_read(steps: tuple[Step, ...], readers: set[str]) -> None:
    artifact = after(registration(), *steps)
    assert {who.user for who in (ALICE, BOSS, COLLEAGUE, STRANGER, BOB) if may_read(who, artifact)} == readers


@pytest.mark.parametrize("by", [ALICE, BOSS])
def test_the_creator_and_the_owner_of_its_organization_decide_over_it(by: Actor) -> None:
    known = after(registration())
    about = {"artifact_id": KEY, "job_id": "j1", "spec_id": "s1", "creator": JOB.actor, "by": by.user, "at": NOON}
    assert grant(by=by)(known) == [ArtifactGranted(**about, grantee=TO_BOB)]
    assert revoke(by=by)(after(registration(), grant())) == [ArtifactRevoked(**about, grantee=TO_BOB)]
    assert delete(by)(known) == [ArtifactDeleted(**about, cause="asked")]


@pytest.mark.parametrize(
    ("by", "slug"), [(COLLEAGUE, "unknown_artifact"), (STRANGER, "unknown_artifact"), (BOB, "not_allowed")]
)
@pytest.mark.parametrize("wish", [lambda by: grant(by=by), lambda by: revoke(by=by), delete])
def test_others_decide_nothing_and_learn_nothing(by: Actor, slug: str, wish: Any) -> None:
    assert refusal(wish(by), after(registration(), grant())) == slug


@pytest.mark.parametrize("wish", [grant(), revoke(), delete()])
def test_what_does_not_exist_is_refused(wish: Step) -> None:
    assert refusal(wish, None) == "unknown_artifact"


def test_granting_twice_grants_once_and_what_was_not_granted_is_not_revoked() -> None:
    assert grant()(after(registration(), grant())) == []
    assert refusal(revoke(TO_CLINIC), after(registration(), grant())) == "no_such_grant"


def test_nobody_is_granted_what_could_become_somebody_elses() -> None:
    assert refusal(grant(home=None), after(registration())) == "unknown_grantee"


def test_an_artifact_has_a_bounded_number_of_grants() -> None:
    known = after(registration(), *(grant(Grantee(user=f"u{n}")) for n in range(artifacts.GRANTS)))
    assert refusal(grant(), known) == "too_many_grants"


STAYS = Terms(allowed=True, privacy={"keep_in_organization": True})


@pytest.mark.parametrize(
    ("then", "now", "home", "slug"),
    [
        (ALLOWED, ALLOWED, "clinic", None),
        (STAYS, ALLOWED, "clinic", "stays_in_organization"),
        (ALLOWED, STAYS, "clinic", "stays_in_organization"),
        (ALLOWED, Terms(allowed=False), "clinic", "stays_in_organization"),
        (None, None, "clinic", "stays_in_organization"),
        (STAYS, STAYS, "uni", None),
        (None, None, "uni", None),
    ],
)
def test_beyond_its_organization_it_is_shared_only_as_the_custodians_allow(
    then: Terms | None, now: Terms | None, home: str, slug: str | None
) -> None:
    known, wish = after(registration(terms=then)), grant(home=home, terms=now)
    if slug is None:
        assert [type(fact) for fact in wish(known)] == [ArtifactGranted]
    else:
        assert refusal(wish, known) == slug


def test_of_what_is_deleted_only_that_it_was_there_is_left() -> None:
    gone = after(registration(), grant(), delete(BOSS))
    assert (gone.grants, gone.file, gone.deleted and gone.deleted.by) == ((), FILE, "olga")
    for wish in (grant(), revoke(), delete()):
        assert refusal(wish, gone) == "artifact_deleted"
    with pytest.raises(DomainError, match="deleted by `olga` on 2026-01-01"):
        artifacts.readable(gone, ALICE, KEY)
    assert refusal(grant(by=BOB), gone) == "unknown_artifact"


def test_an_artifact_is_deleted_once_its_retention_is_over() -> None:
    known, end = after(registration(retention=timedelta(days=2))), NOON + timedelta(days=2)
    assert artifacts.due(known) == end
    assert artifacts.expired(known, end - timedelta(seconds=1)) == []
    [fact] = artifacts.expired(known, end)
    assert isinstance(fact, ArtifactDeleted)
    assert (fact.cause, fact.by, fact.at) == ("retention", None, end)
    gone = artifacts.evolve(known, fact)
    assert (artifacts.due(gone), artifacts.expired(gone, end)) == (None, [])
    with pytest.raises(DomainError, match="when its retention ended"):
        artifacts.readable(gone, ALICE, KEY)


def test_without_a_retention_it_is_kept_for_ever() -> None:
    assert artifacts.due(after(registration())) is None
    assert artifacts.expired(after(registration()), NOON + timedelta(days=9999)) == []
    assert artifacts.expired(None, NOON) == []


@pytest.mark.parametrize(
    ("name", "media", "number"),
    [
        ("model.json", "application/json", None),
        ("metrics/round_12.JSON", "application/json", 12),
        ("round 7/report.csv", "text/csv", 7),
        ("log.txt", "text/plain", None),
        ("weights.npz", "application/octet-stream", None),
        ("plot.png", "image/png", None),
        ("no-ending", "application/octet-stream", None),
        ("dir.v1/file", "application/octet-stream", None),
        ("around3.csv", "text/csv", 3),
        ("round-1234567.csv", "text/csv", None),
    ],
)
def test_what_a_file_is_follows_from_its_name(name: str, media: str, number: int | None) -> None:
    assert (artifacts.media_type(name), artifacts.round_of(name)) == (media, number)


WISHES = st.sampled_from(
    [
        *(
            wish(to, by)
            for wish in (grant, revoke)
            for to in (TO_BOB, TO_CLINIC)
            for by in (ALICE, BOSS, COLLEAGUE, STRANGER, BOB)
        ),
        delete(STRANGER),
        delete(BOB),
        delete(BOSS),
    ]
)


@given(st.lists(WISHES, max_size=20))
def test_whatever_is_asked_only_who_was_granted_reads_and_deleted_stays_deleted(wishes: list[Step]) -> None:
    artifact, expected, over = after(registration()), set[Grantee](), False
    for wish in wishes:
        try:
            facts = wish(artifact)
        except DomainError:
            facts = []
        for fact in facts:
            artifact = artifacts.evolve(artifact, fact)
            match fact:
                case ArtifactGranted():
                    expected.add(fact.grantee)
                case ArtifactRevoked():
                    expected.discard(fact.grantee)
                case ArtifactDeleted():
                    over = True
        assert (artifact.deleted is not None) == over
        assert may_read(BOB, artifact) == (bool(expected) and not over)
        assert may_read(ALICE, artifact) == (not over)
        assert not may_read(STRANGER, artifact)
