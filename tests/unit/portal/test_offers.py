"""What is offered is what the owning context allows: compared with its own rules, for everybody and every stage."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal_values import DIGEST, NOON, PEOPLE, created

from fedpact.contracts.api import JobSummary, SpecView
from fedpact.contracts.api.common import CreatorView
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import Role
from fedpact.contracts.jobs import JobStatus
from fedpact.contracts.specs import Stage, Verdict
from fedpact.portal.domain.offers import may_cancel, may_propose, offers
from fedpact.spec_lifecycle.domain import requests
from fedpact.spec_lifecycle.domain.errors import NotAllowedError
from fedpact.spec_lifecycle.domain.evolve import evolve

FACT = created("s-1")
ROLES = [[], *([role] for role in Role), [Role.OWNER, Role.DATA_SCIENTIST]]
ACTORS = [
    Actor(user=user, organization=organization, roles=tuple(roles))
    for user, organization, roles in itertools.product(["ada", "other"], ["lab", "lake", "hill", "moor"], ROLES)
    if user != "ada" or organization == "lab"
]


def view(stage: Stage = Stage.IDLE, verdict: Verdict = Verdict.APPROVED) -> SpecView:
    return SpecView(
        spec_id="s-1",
        creator=CreatorView(user="ada", organization="lab"),
        datasets=FACT.content.datasets,
        model=FACT.content.model,
        status="inactive.awaiting_activation",
        created_at=NOON,
        content=FACT.content,
        digest=DIGEST,
        sites=FACT.sites,
        verdict=verdict,
        stage=stage,
        generation=0,
    )


def allowed(check, *arguments) -> bool:
    try:
        check(*arguments)
    except NotAllowedError:
        return False
    return True


@pytest.mark.parametrize("actor", ACTORS, ids=str)
def test_who_is_offered_something_is_who_may_do_it(actor: Actor) -> None:
    spec = evolve(None, FACT)
    assert offers(actor, view()).activate is allowed(requests._may_run, spec, actor)
    assert offers(actor, view(Stage.ACTIVE)).deactivate is allowed(requests._may_stop, spec, actor)
    assert may_propose(actor) is allowed(requests._may_create, actor)


@given(st.sampled_from(sorted(PEOPLE)), st.sampled_from(Stage), st.sampled_from(Verdict))
def test_nothing_is_offered_that_the_stage_or_the_verdict_forbids(user: str, stage: Stage, verdict: Verdict) -> None:
    offered = offers(PEOPLE[user], view(stage, verdict))
    if verdict is not Verdict.APPROVED or stage is not Stage.IDLE:
        assert not offered.activate
    if stage in {Stage.IDLE, Stage.DELETING, Stage.INVALID}:
        assert not offered.deactivate
    if verdict is not Verdict.APPROVED or stage in {Stage.DELETING, Stage.INVALID}:
        assert not offered.submit
    assert not (offered.activate and offered.deactivate)


@pytest.mark.parametrize(
    ("user", "status", "may"),
    [
        ("ada", JobStatus.RUNNING, True),
        ("ada", JobStatus.COMPLETED, False),
        ("lea", JobStatus.CREATED, True),
        ("bob", JobStatus.RUNNING, False),
        ("olga", JobStatus.RUNNING, False),
        ("root", JobStatus.RUNNING, False),
    ],
)
def test_a_job_that_goes_on_is_cancelled_by_its_creator_or_their_owner(user: str, status: JobStatus, may: bool) -> None:
    job = JobSummary(
        job_id="j-1",
        spec_id="s-1",
        creator=CreatorView(user="ada", organization="lab"),
        status=status,
        submitted_at=NOON,
    )
    assert may_cancel(PEOPLE[user], job) is may
