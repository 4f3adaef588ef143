"""Who may want a job, and which: refused before anything is activated for it."""

from typing import Any

import pytest
from jobs_values import ALICE, BOSS, COLLEAGUE, CONTENT, NOON, PACT, SPEC, STRANGER, order, submit

from fedpact.contracts.envelope import Actor, DomainError
from fedpact.contracts.jobs import JobSubmitted
from fedpact.contracts.pact import ModelRef
from fedpact.contracts.policies import SpecDecided
from fedpact.contracts.registry import ModelChanged, VersionRecord
from fedpact.contracts.specs import SpecChanged, Stage, Verdict
from fedpact.jobs.domain import lifecycle, submission
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.submission import Pact, Standing
from fedpact.jobs.domain.terms import agreed

AT_MOST_5 = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"rounds": {"type": "integer", "minimum": 1, "maximum": 5}},
}
DIGEST = "sha256:" + "a" * 64


def allowed(*bounds: dict[str, Any], allowed: bool = True, privacy: Any = None) -> SpecDecided:
    return SpecDecided(spec_id="s1", allowed=allowed, reasons=(), bounds=bounds, privacy=privacy or {})


def pact(**known: Any) -> Pact:
    return Pact(**{"spec": SPEC, **known})


def standing(verdict: Verdict, stage: Stage = Stage.IDLE) -> Standing:
    return submission.stands(None, SpecChanged(spec_id="s1", status="x.y", verdict=verdict, stage=stage, generation=0))


def known(**parts: Any) -> Job:
    return lifecycle.evolve(None, submission.submitted(None, order(submit(**parts)), PACT)[0])


def refusal(known: Pact, **parts: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        submission.submitted(None, order(submit(**parts)), known)
    return caught.value


@pytest.mark.parametrize("actor", [ALICE, COLLEAGUE, BOSS])
def test_the_creator_and_its_organization_submit_jobs(actor: Actor) -> None:
    [fact] = submission.submitted(None, order(submit(), actor), PACT)
    assert isinstance(fact, JobSubmitted)
    assert (fact.actor.user, fact.payload, fact.submitted_at) == (actor.user, {"rounds": 3}, NOON)


@pytest.mark.parametrize(
    ("actor", "known", "slug"),
    [
        (STRANGER, PACT, "not_allowed"),
        (ALICE.model_copy(update={"roles": ("data_steward",)}), PACT, "not_allowed"),
        (ALICE, Pact(), "unknown_spec"),
    ],
)
def test_others_and_other_roles_are_refused(actor: Actor, known: Pact, slug: str) -> None:
    with pytest.raises(DomainError) as caught:
        submission.submitted(None, order(submit(), actor), known)
    assert caught.value.slug == slug


def test_a_payload_that_could_not_be_passed_on_is_refused() -> None:
    told = refusal(PACT, payload={"text": "x" * 1_000_000})
    assert (told.slug, told.path) == ("too_large", "payload")


def test_the_same_job_again_changes_nothing_however_the_spec_stands_by_then() -> None:
    assert submission.submitted(known(), order(submit()), PACT) == []
    assert submission.submitted(known(), order(submit()), pact(standing=standing(Verdict.REJECTED))) == []


def test_a_number_that_is_no_truth_value_is_another_payload() -> None:
    job = known(payload={"rounds": 5, "shuffle": 1})
    assert submission.submitted(job, order(submit(payload={"rounds": 5.0, "shuffle": 1})), PACT) == []
    with pytest.raises(DomainError) as caught:
        submission.submitted(job, order(submit(payload={"rounds": 5, "shuffle": True})), PACT)
    assert caught.value.slug == "conflict"


@pytest.mark.parametrize(
    ("command", "actor"),
    [
        (submit(payload={"rounds": 4}), ALICE),
        (submit(activate=True), ALICE),
        (submit(deactivate=True), ALICE),
        (submit(spec_id="s2"), ALICE),
        (submit(), COLLEAGUE),
    ],
)
def test_other_content_under_the_same_id_is_a_conflict(command: Any, actor: Actor) -> None:
    with pytest.raises(DomainError) as caught:
        submission.submitted(known(), order(command, actor), PACT)
    assert caught.value.slug == "conflict"


@pytest.mark.parametrize(("verdict", "stage"), [(Verdict.REJECTED, Stage.IDLE), (Verdict.APPROVED, Stage.INVALID)])
def test_a_spec_that_can_run_nothing_takes_no_job(verdict: Verdict, stage: Stage) -> None:
    told = refusal(pact(standing=standing(verdict, stage)))
    assert (told.slug, told.path) == ("not_approved", "spec_id")
    assert "fedpact specs why s1" in told.reason


@pytest.mark.parametrize("verdict", [Verdict.PENDING, Verdict.APPROVED])
def test_a_spec_that_may_run_yet_takes_jobs(verdict: Verdict) -> None:
    assert submission.submitted(None, order(submit()), pact(standing=standing(verdict)))


@pytest.mark.parametrize(
    ("known", "payload"),
    [
        (pact(schema=AT_MOST_5), {"rounds": 6}),
        (pact(terms=agreed(None, allowed(AT_MOST_5))), {"rounds": 6}),
        (pact(terms=agreed(None, allowed({**AT_MOST_5, "required": ["rounds"]}, AT_MOST_5))), {}),
        (pact(spec=SPEC.model_copy(update={"content": CONTENT.model_copy(update={"parameters": {"rounds": 2}})})), {}),
    ],
)
def test_a_payload_beyond_model_custodians_or_declaration_is_refused_with_its_path(known: Pact, payload: Any) -> None:
    told = refusal(known, payload=payload, activate=True)
    assert (told.slug, told.path) == ("payload_out_of_bounds", "payload.rounds")


def test_of_model_and_custodians_the_narrower_is_told_and_once() -> None:
    wide = {**AT_MOST_5, "properties": {"rounds": {"type": "integer", "maximum": 8}, "rate": {"type": "number"}}}
    custodians = agreed(None, allowed(AT_MOST_5, AT_MOST_5))
    told = refusal(pact(schema=wide, terms=custodians), payload={"rounds": 9})
    assert told.reason == "the parameter `rounds` must be at most 5 (use `5`)"
    told = refusal(pact(schema=AT_MOST_5, terms=agreed(None, allowed(wide))), payload={"rounds": 6, "rate": 1})
    assert told.reason.count("parameter `rate`") == told.reason.count("must be at most 5") == 1


def test_a_schema_beyond_the_profile_is_left_to_the_model() -> None:
    schema = {"type": "object", "patternProperties": {"^r": {"type": "string"}}}
    assert submission.submitted(None, order(submit()), pact(schema=schema))


def test_the_schema_is_that_of_the_version() -> None:
    model = ModelChanged(
        model="logreg",
        name="x",
        publisher="lab",
        versions=(
            VersionRecord(version="1.0.0", digest=DIGEST, payload_schema={"type": "object"}),
            VersionRecord(version="2.0.0", digest=DIGEST),
        ),
    )
    assert submission.schema_of(model, ModelRef(id="logreg", version="1.0.0")) == {"type": "object"}
    assert submission.schema_of(model, ModelRef(id="logreg", version="2.0.0")) == {}
    assert submission.schema_of(None, ModelRef(id="logreg", version="1.0.0")) == {}


def test_protection_of_results_outlives_the_permission_that_asked_for_it() -> None:
    terms = agreed(agreed(None, allowed(privacy={"keep_in_organization": True})), allowed(allowed=False))
    assert (terms.allowed, terms.stays) == (False, True)
    assert not agreed(terms, allowed()).stays


@pytest.mark.parametrize(
    ("told", "log"),
    [
        ({"permissions": {"server_log": True}}, True),
        ({"permissions": {"server_log": True}, "allowed": False}, False),
        ({"permissions": {"server_log": "true"}}, False),
        ({"permissions": {}}, False),
    ],
)
def test_the_log_of_the_server_needs_a_plain_permission(told: Any, log: bool) -> None:
    assert agreed(None, allowed().model_copy(update=told)).server_log is log


@pytest.mark.parametrize(("value", "stays"), [(True, True), (False, False), ("yes", True), (None, True), (0, True)])
def test_whatever_is_no_plain_false_keeps_results_where_they_are(value: Any, stays: bool) -> None:
    assert agreed(None, allowed(privacy={"keep_in_organization": value})).stays is stays
