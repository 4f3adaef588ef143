from collections.abc import Sequence
from typing import Any

import pytest
from policy_values import (
    BONES,
    HEARTS,
    LIFETIME,
    LUNGS,
    MINUTE,
    NOW,
    accepted_by,
    at_most,
    created,
    document,
    ended,
    evidence,
    placed,
    policy,
    rule,
)

from fedpact.contracts.envelope import Fact
from fedpact.contracts.policies import (
    Beneficiaries,
    DatasetScope,
    GrantsDenied,
    GrantsEnded,
    GrantsIssued,
    GrantsRenewed,
    SpecDecided,
)
from fedpact.decision.errors import GrantLapsedError
from fedpact.decision.grants import revisions_of
from fedpact.policy.domain.cases import end, evolve, place, review
from fedpact.policy.domain.model import Case, Policy


def after(case: Case | None, facts: Sequence[Fact]) -> Case:
    for fact in facts:
        case = evolve(case, fact)
    assert case is not None
    return case


def verdict(facts: Sequence[Fact]) -> SpecDecided:
    (fact,) = [fact for fact in facts if isinstance(fact, SpecDecided)]
    return fact


def grants_in(facts: Sequence[Fact]) -> GrantsIssued:
    (fact,) = [fact for fact in facts if isinstance(fact, GrantsIssued)]
    return fact


def running(*policies: Policy, **parts: Any) -> Case:
    """A case whose activation was granted."""
    pact = created(**parts)
    return after(None, place(None, placed(pact), evidence(pact, *policies)))


def test_a_spec_that_no_policy_covers_is_denied_with_reasons() -> None:
    told = verdict(review(None, evidence(created())))
    assert not told.allowed
    assert [reason.code for reason in told.reasons] == ["no_policy"]
    assert [reason.code for reason in told.custodian_reasons["clinic"]] == ["no_policy"]


def test_a_covered_spec_is_allowed_on_the_strictest_terms_and_names_the_revisions() -> None:
    pact = created(HEARTS, LUNGS)
    ours = policy(rules=(rule(permissions={"export": True}, privacy={"min_count": 5}, bounds=at_most(9)),), revision=3)
    theirs = policy("p2", dataset=LUNGS, rules=(rule(permissions={"export": False}, privacy={"min_count": 7}),))
    told = verdict(review(None, evidence(pact, ours, theirs)))
    assert told.allowed
    assert told.revisions == {"p1": 3, "p2": 1}
    assert told.permissions == {"export": False}
    assert told.privacy == {"min_count": 7}
    assert told.bounds == (at_most(9),)


def test_the_same_verdict_is_told_once() -> None:
    known = evidence(created(), policy())
    case = after(None, review(None, known))
    assert review(case, known) == []


@pytest.mark.parametrize(
    "changed",
    [
        policy(rules=(rule(permissions={"export": True}),)),
        policy(rules=(rule(privacy={"min_count": 5}),)),
        policy(rules=(rule(bounds=at_most(3)),)),
        policy(revision=2),
        policy(rules=()),
    ],
)
def test_a_verdict_on_other_terms_is_told_again(changed: Policy) -> None:
    case = after(None, review(None, evidence(created(), policy())))
    assert [type(fact) for fact in review(case, evidence(created(), changed))] == [SpecDecided]


def test_a_placed_activation_gets_a_grant_that_its_gateway_accepts() -> None:
    pact = created(HEARTS, BONES, LUNGS)
    policies = (
        policy(rules=(rule(bounds=at_most(9), permissions={"export": True}),)),
        policy("p2", dataset=BONES, rules=(rule(privacy={"min_count": 3}, permissions={"export": True}),)),
        policy("p3", dataset=LUNGS, rules=(rule(bounds=at_most(4), permissions={"export": False}),)),
    )
    facts = place(None, placed(pact, generation=4), evidence(pact, *policies))
    issued = grants_in(facts)
    assert [type(fact) for fact in facts] == [SpecDecided, GrantsIssued]
    assert sorted(issued.grants) == ["gw-1", "gw-2"]
    clinic = accepted_by("gw-1", issued.grants["gw-1"], NOW, HEARTS, BONES)
    lab = accepted_by("gw-2", issued.grants["gw-2"], NOW, LUNGS)
    assert clinic.datasets == (HEARTS, BONES)
    assert clinic.rules == {HEARTS: "p1#0", BONES: "p2#0"}
    assert (clinic.bounds, lab.bounds) == ((at_most(9),), (at_most(4),))
    assert issued.bounds == (at_most(9), at_most(4)) or issued.bounds == (at_most(4), at_most(9))
    assert (revisions_of(clinic), revisions_of(lab)) == ({"p1": 1, "p2": 1}, {"p3": 1})
    for grant in (clinic, lab):
        assert grant.generation == 4
        assert grant.permissions == {"export": False}
        assert grant.privacy == {"min_count": 3}
        assert (grant.issued_at, grant.valid_until) == (NOW, NOW + LIFETIME)


def test_a_grant_holds_the_policies_that_cover_or_set_objects_aside_and_no_others() -> None:
    pact = created(HEARTS)
    policies = (
        policy("cover"),
        policy("later"),
        policy("aside", objects=("images/",), beneficiaries=Beneficiaries(users=("bob",))),
        policy("void-aside", objects=("notes/",), rules=()),
    )
    ordered = sorted(policies, key=lambda one: one.id)
    issued = grants_in(place(None, placed(pact), evidence(pact, *ordered)))
    grant = accepted_by("gw-1", issued.grants["gw-1"], NOW, HEARTS)
    assert revisions_of(grant) == issued.revisions == {"aside": 1, "cover": 1}


def test_a_placed_activation_that_is_no_longer_covered_is_denied() -> None:
    pact = created()
    case = after(None, review(None, evidence(pact, policy())))
    facts = place(case, placed(pact), evidence(pact))
    assert [type(fact) for fact in facts] == [SpecDecided, GrantsDenied]
    assert after(case, facts).live is None
    assert after(case, facts).due is None


def test_a_placement_is_answered_once_and_an_older_one_never() -> None:
    pact, known = created(), evidence(created(), policy())
    case = after(None, place(None, placed(pact, 2, 2), known))
    for generation, attempt in ((2, 2), (2, 1), (1, 9)):
        assert place(case, placed(pact, generation, attempt), known) == []
    assert grants_in(place(case, placed(pact, 2, 3), known)).attempt == 3


def test_grants_are_renewed_at_half_life_and_not_before() -> None:
    case = running(policy())
    assert case.due == NOW + LIFETIME / 2
    assert review(case, evidence(created(), policy(), now=NOW + LIFETIME / 2 - MINUTE)) == []
    moment = NOW + LIFETIME / 2
    (renewed,) = review(case, evidence(created(), policy(), now=moment))
    assert isinstance(renewed, GrantsRenewed)
    assert renewed.valid_until == moment + LIFETIME
    assert accepted_by("gw-1", renewed.grants["gw-1"], NOW + LIFETIME, HEARTS).issued_at == moment
    assert after(case, [renewed]).due == moment + LIFETIME / 2


def test_changed_terms_reach_the_gateways_at_once() -> None:
    stricter = policy(revision=2, rules=(rule(bounds=at_most(2)),))
    facts = review(running(policy()), evidence(created(), stricter, now=NOW + MINUTE))
    assert [type(fact) for fact in facts] == [SpecDecided, GrantsRenewed]
    assert grants_in(facts).bounds == (at_most(2),)


def test_an_object_set_aside_reaches_the_gateway_at_once_though_the_verdict_stands() -> None:
    aside = policy("aside", objects=("images/",), beneficiaries=Beneficiaries(users=("bob",)))
    facts = review(running(policy()), evidence(created(), aside, policy(), now=NOW + MINUTE))
    assert [type(fact) for fact in facts] == [GrantsRenewed]
    assert grants_in(facts).revisions == {"aside": 1, "p1": 1}


def test_a_denying_verdict_drops_the_grants() -> None:
    case = running(policy())
    facts = review(case, evidence(created(), now=NOW + MINUTE))
    denied = after(case, facts)
    assert [type(fact) for fact in facts] == [SpecDecided]
    assert denied.live is None
    assert denied.due is None


def test_grants_that_were_dropped_are_not_given_again_when_the_policy_comes_back() -> None:
    case = running(policy())
    denied = after(case, review(case, evidence(created(), now=NOW + MINUTE)))
    facts = review(denied, evidence(created(), policy(revision=2), now=NOW + 2 * MINUTE))
    assert [type(fact) for fact in facts] == [SpecDecided]


def test_an_ended_activation_is_not_renewed() -> None:
    case = running(policy())
    facts = end(case, ended())
    assert facts == [GrantsEnded(spec_id="s-1", generation=1)]
    over = after(case, facts)
    assert over.due is None
    assert review(over, evidence(created(), policy(), now=NOW + LIFETIME)) == []
    assert end(over, ended()) == []


def test_the_end_of_an_older_generation_leaves_the_newer_ones_grants() -> None:
    pact = created()
    case = after(running(policy()), place(running(policy()), placed(pact, 2), evidence(pact, policy())))
    assert end(case, ended(1)) == []
    assert end(None, ended(1)) == []


def test_a_verdict_stands_until_a_window_for_this_requester_opens_or_closes() -> None:
    closing, opening = NOW + 30 * MINUTE, NOW + 20 * MINUTE
    policies = (
        policy("a", not_before=opening),
        policy("b", not_after=closing),
        policy("other", not_before=NOW + MINUTE, beneficiaries=Beneficiaries(users=("bob",))),
        policy("past", not_after=NOW),
    )
    told = verdict(review(None, evidence(created(), *policies)))
    assert told.allowed
    assert told.stands_until == opening
    later = verdict(review(None, evidence(created(), *policies, now=opening)))
    assert later.stands_until == closing


def test_the_verdict_changes_when_the_window_closes_at_that_very_moment() -> None:
    closing = NOW + 3 * MINUTE
    one = policy(not_after=closing)
    case = running(one)
    assert case.due == closing
    facts = review(case, evidence(created(), one, now=closing))
    assert not verdict(facts).allowed
    assert after(case, facts).due is None


def test_a_grant_never_outlives_the_window_of_a_policy_that_covers() -> None:
    closing = NOW + 7 * MINUTE
    pact = created()
    issued = grants_in(place(None, placed(pact), evidence(pact, policy(not_after=closing))))
    assert issued.valid_until == issued.renew_at == closing
    with pytest.raises(GrantLapsedError):
        accepted_by("gw-1", issued.grants["gw-1"], closing, HEARTS)


def test_when_another_policy_takes_over_at_the_edge_the_grants_go_on() -> None:
    edge = NOW + 3 * MINUTE
    policies = (policy("a", not_after=edge), policy("b", not_before=edge))
    case = running(*policies)
    facts = review(case, evidence(created(), *policies, now=edge))
    assert verdict(facts).revisions == {"b": 1}
    assert accepted_by("gw-1", grants_in(facts).grants["gw-1"], edge, HEARTS).rules == {HEARTS: "b#0"}


def test_declared_parameters_bind_and_travel_in_the_grant() -> None:
    pact = created(parameters={"rounds": 3})
    strict, wide = policy("a", rules=(rule(bounds=at_most(2)),)), policy("b", rules=(rule(bounds=at_most(5)),))
    issued = grants_in(place(None, placed(pact), evidence(pact, strict, wide)))
    grant = accepted_by("gw-1", issued.grants["gw-1"], NOW, HEARTS)
    assert grant.parameters == {"rounds": 3}
    assert grant.rules == {HEARTS: "b#0"}


def test_a_site_without_datasets_gets_no_grant() -> None:
    pact = created()
    extra = pact.sites[0].model_copy(update={"gateway": "hub", "datasets": ()})
    wider = pact.model_copy(update={"sites": (*pact.sites, extra)})
    assert sorted(grants_in(place(None, placed(wider), evidence(wider, policy()))).grants) == ["gw-1"]


def test_one_policy_over_two_datasets_covers_both() -> None:
    pact = created(HEARTS, BONES)
    both = policy(datasets=(DatasetScope(id=HEARTS), DatasetScope(id=BONES)))
    issued = grants_in(place(None, placed(pact), evidence(pact, both)))
    assert accepted_by("gw-1", issued.grants["gw-1"], NOW, HEARTS, BONES).rules == {HEARTS: "p1#0", BONES: "p1#0"}
    assert both.document == document(datasets=(DatasetScope(id=HEARTS), DatasetScope(id=BONES)))
