"""What an edit would do is told before it is done, by the decision that will count."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_values import (
    BONES,
    HEARTS,
    LOGREG,
    LUNGS,
    NOW,
    Memory,
    at_most,
    created,
    document,
    owner,
    placed,
    rule,
)

from fedpact.chassis.clock import FakeClock
from fedpact.contracts.pact import Limit, Resources
from fedpact.contracts.policies import Beneficiaries, DatasetScope, PolicyDocument, SpecDecided
from fedpact.contracts.previews import PolicyEdit, Preview
from fedpact.contracts.queries import AskPreview
from fedpact.contracts.registry import DatasetRegistered
from fedpact.policy.app.previews import Previews
from fedpact.policy.domain import previewing, words
from fedpact.policy.domain.errors import NotOwnerError


async def hub() -> Memory:
    """A service that knows the model and the clinic's and the lab's datasets."""
    memory = Memory()
    await memory.models.keep(LOGREG, memory.heard(LOGREG))
    for dataset in (HEARTS, BONES, LUNGS):
        name, gateway, organization = dataset.split("_")
        fact = DatasetRegistered(dataset=dataset, name=name, description="", gateway=gateway, organization=organization)
        await memory.handlers.dataset_changed(fact, memory.heard(fact))
    return memory


async def asked(memory: Memory, document_: PolicyDocument | None = None, **more: Any) -> Preview:
    previews = Previews(
        policies=memory.policies,
        cases=memory.cases,
        pacts=memory.pacts,
        known=memory.handlers.known,
        clock=FakeClock(memory.now),
    )
    actor = more.pop("actor", owner())
    return await previews.preview(AskPreview(actor=actor, edit=PolicyEdit(document=document_, **more)))


async def kept(memory: Memory) -> list[object]:
    stores = (memory.policies, memory.cases, memory.datasets)
    return [document for store in stores for document in await store.documents.every()]


async def test_a_draft_tells_which_waiting_specs_it_would_approve() -> None:
    memory = await hub()
    await memory.create(created(HEARTS))
    await memory.create(created(LUNGS, spec="s-2"))
    found = await asked(memory, document())
    assert [(flip.spec_id, flip.before, flip.after) for flip in found.flips] == [("s-1", False, True)]
    assert found.flips[0].text == "s-1 of alice (uni) would be approved"
    assert [reason.code for reason in found.flips[0].custodian_reasons] == ["covered"]


async def test_a_narrower_revision_tells_what_it_would_end_and_why() -> None:
    memory = await hub()
    await memory.publish(document())
    await memory.create(created(parameters={"rounds": 9}))
    await memory.settle()
    await memory.place(placed(created(parameters={"rounds": 9})))
    found = await asked(memory, document(revision=2, rules=(rule(bounds=at_most(5)),)))
    assert [(flip.spec_id, flip.after, flip.running) for flip in found.flips] == [("s-1", False, True)]
    assert "what runs of it would stop" in found.flips[0].text
    assert found.flips[0].reasons[0].path == "rounds"


async def test_a_withdrawal_is_seen_before_it_is_made() -> None:
    memory = await hub()
    await memory.publish(document())
    await memory.create(created())
    await memory.settle()
    found = await asked(memory, withdraw="p1")
    assert [(flip.spec_id, flip.after) for flip in found.flips] == [("s-1", False)]
    assert found.allows == ()


async def test_other_terms_are_told_apart_from_another_verdict() -> None:
    memory = await hub()
    await memory.publish(document())
    await memory.create(created())
    await memory.settle()
    found = await asked(memory, document(revision=2, rules=(rule(privacy={"min_count": 10}),)))
    assert (found.flipped, [effect.spec_id for effect in found.retermed], found.unchanged) == (0, ["s-1"], 0)


async def test_a_spec_that_another_custodian_holds_up_does_not_flip() -> None:
    memory = await hub()
    await memory.create(created(HEARTS, LUNGS))
    assert (await asked(memory, document())).flips == ()
    await memory.publish(document("p2", dataset=LUNGS))
    await memory.settle()
    found = await asked(memory, document())
    assert [flip.after for flip in found.flips] == [True]
    assert {reason.dataset for reason in found.flips[0].custodian_reasons} == {HEARTS}


async def test_a_window_that_lies_ahead_is_judged_when_it_begins() -> None:
    memory = await hub()
    await memory.create(created())
    begins = NOW + timedelta(days=2)
    found = await asked(memory, document(not_before=begins))
    assert found.at == begins
    assert [flip.after for flip in found.flips] == [True]
    assert "nothing changes before 2026-03-03 12:00 UTC" in found.notes[0]


async def test_what_publishing_would_refuse_is_an_obstacle_with_its_place() -> None:
    memory = await hub()
    await memory.publish(document())
    stale = await asked(memory, document())
    unknown = await asked(memory, document("p2", rules=(rule(model="logrek"),)))
    foreign = await asked(memory, document("p2", dataset=LUNGS))
    gone = await asked(memory, withdraw="p9")
    told = [(found.obstacle.slug, found.obstacle.path) for found in (stale, unknown, foreign, gone) if found.obstacle]
    assert told == [
        ("stale_revision", "document.revision"),
        ("unknown_model", "document.rules.0.model"),
        ("not_owner", "document.organization"),
        ("unknown_policy", "policy"),
    ]


async def test_only_an_owner_may_ask() -> None:
    with pytest.raises(NotOwnerError):
        await asked(await hub(), document(), actor=owner(roles=("data_steward",)))


async def test_a_preview_changes_nothing() -> None:
    memory = await hub()
    await memory.create(created())
    before = await kept(memory)
    await asked(memory, document())
    assert await kept(memory) == before


async def test_another_custodian_learns_of_no_spec_that_is_not_on_its_data() -> None:
    memory = await hub()
    await memory.create(created(HEARTS))
    assert (await asked(memory, document("p2", dataset=LUNGS), actor=owner("lab"))).flips == ()


async def test_the_allowances_name_dataset_rule_and_registered_versions() -> None:
    scopes = (DatasetScope(id=HEARTS), DatasetScope(id=BONES, objects=("hand/",)))
    draft = document(datasets=scopes, rules=(rule(), rule(versions=("1.2.0",))))
    found = await asked(await hub(), draft)
    assert [(a.dataset, a.rule, a.versions, a.later_versions) for a in found.allows] == [
        (HEARTS, 0, ("1.2.0", "1.3.0"), True),
        (BONES, 0, ("1.2.0", "1.3.0"), True),
        (HEARTS, 1, ("1.2.0",), False),
        (BONES, 1, ("1.2.0",), False),
    ]
    assert any("set aside" in note for note in found.notes)


def test_a_sentence_leaves_no_limit_out() -> None:
    bounds = {
        "type": "object",
        "properties": {
            "rounds": {"type": "integer", "minimum": 1, "maximum": 10},
            "lr": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
            "target": {"type": "string", "enum": ["age", "sex"]},
            "note": {"type": "string", "maxLength": 9},
            "layers": {"type": "array", "maxItems": 3, "items": {"type": "integer", "multipleOf": 8}},
            "extra": {"type": "object", "properties": {"fast": {"type": "boolean"}}},
        },
        "required": ["rounds"],
    }
    told = rule(
        versions=("1.2.0",),
        permissions={"export": True},
        privacy={"min_count": 10},
        bounds=bounds,
        resources=Resources(cpu=1.5, memory=500),
        enforced=(Limit.NETWORK, Limit.MEMORY),
    )
    named = Beneficiaries(users=("alice",), groups=("cardio",), organizations=("uni",))
    draft = document(beneficiaries=named, rules=(told,), not_after=NOW)
    assert words.allowance(draft, draft.datasets[0], told, ("1.2.0",)) == (
        "alice, group cardio and everybody of uni may run logreg 1.2.0 on hearts_gw-1_clinic until 2026-03-01 12:00 UTC"
        "; permitted: export yes; with extra with members (may be left out); extra.fast yes or no (may be left out); "
        "layers at most 3 of: in steps of 8 (may be left out); lr above 0 to 0.5 (may be left out); "
        "note a text of at most 9 characters (may be left out); rounds from 1 to 10; "
        "target one of `age`, `sex` (may be left out); and no other parameter; protected by min_count 10; "
        "at most 1.5 CPU, 0 GPU, 500 MB for each client; only where the gateway enforces network and memory"
    )


def test_an_end_that_is_past_is_said() -> None:
    told = list(previewing.notes(document(not_after=NOW), NOW))
    assert told == ["its window is over since 2026-03-01 12:00 UTC: it allows nothing"]


RULES = st.lists(
    st.builds(
        rule,
        versions=st.sampled_from([("*",), ("1.2.0",), ("1.3.0",)]),
        bounds=st.none() | st.integers(1, 12).map(at_most),
        privacy=st.sampled_from([{}, {"min_count": 5}, {"min_count": 50}]),
    ),
    max_size=3,
).map(tuple)
SCOPES = st.sets(st.sampled_from([HEARTS, BONES]), min_size=1).map(
    lambda names: tuple(DatasetScope(id=name) for name in sorted(names))
)


@settings(max_examples=40)
@given(first=RULES.filter(bool), second=RULES, before=SCOPES, after=SCOPES, rounds=st.integers(1, 12))
async def test_publishing_flips_exactly_what_its_preview_named(
    first: Any, second: Any, before: Any, after: Any, rounds: int
) -> None:
    memory = await hub()
    await memory.publish(document(rules=first, datasets=before))
    for number, datasets in enumerate(((HEARTS,), (BONES,)), 1):
        await memory.create(created(*datasets, spec=f"s-{number}", parameters={"rounds": rounds}))
    await memory.settle()
    verdicts = {key: (await memory.case(key)).decided.allowed for key in ("s-1", "s-2")}
    draft = document(revision=2, rules=second, datasets=after)
    found = await asked(memory, draft)
    assert found.obstacle is None
    await memory.publish(draft)
    await memory.settle()
    now = {key: (await memory.case(key)).decided.allowed for key in verdicts}
    assert {flip.spec_id: flip.after for flip in found.flips} == {k: now[k] for k in now if now[k] != verdicts[k]}
    assert len(await memory.told_of(SpecDecided)) == 2 + found.flipped + len(found.retermed) + await reworded(memory)


async def reworded(memory: Memory) -> int:
    """Verdicts told again that only stand on other reasons or another revision."""
    told = await memory.told_of(SpecDecided)
    terms: dict[str, object] = {}
    count = 0
    for fact in told:
        assert isinstance(fact, SpecDecided)
        now = (fact.allowed, fact.permissions, fact.privacy, fact.bounds)
        count += terms.get(fact.spec_id) == now
        terms[fact.spec_id] = now
    return count
