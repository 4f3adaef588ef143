from datetime import timedelta

import pytest
from decision_values import HEARTS, HOUR, LR_BOUNDS, LUNGS, NOW, policy, request, rule
from hypothesis import given, settings
from hypothesis import strategies as st

from fedpact.contracts.pact import Person, Resources
from fedpact.contracts.policies import Beneficiaries, DatasetScope
from fedpact.decision.decide import decide, effective_for_object
from fedpact.decision.restrict import no_weaker, no_wider

TIGHT = {"type": "object", "properties": {"lr": {"type": "number", "maximum": 0.01}, "rounds": {"type": "integer"}}}
VOID = {"type": "object", "properties": {"lr": {"type": "number", "pattern": "x"}}}


def codes(reasons):
    return [reason.code for reason in reasons]


def test_without_a_policy_nothing_is_allowed():
    decision = decide(request(), [])
    assert not decision.allowed
    assert codes(decision.reasons) == ["no_policy"]
    assert codes(decision.custodian_reasons["clinic"]) == ["no_policy"]


def test_without_a_dataset_nothing_is_allowed():
    decision = decide(request(datasets=()), [policy()])
    assert (decision.allowed, codes(decision.reasons)) == (False, ["no_datasets"])


def test_a_covering_rule_allows_and_is_named():
    decision = decide(request(), [policy(revision=3, rules=(rule(model="other"), rule()))])
    assert decision.allowed
    assert decision.rules == {HEARTS: "p1#1"}
    assert decision.revisions == {"p1": 3}
    assert codes(decision.reasons) == ["covered"]


def test_every_dataset_needs_its_own_rule():
    both = request(datasets=(HEARTS, LUNGS))
    denied = decide(both, [policy()])
    assert not denied.allowed
    assert [(r.dataset, r.code) for r in denied.reasons] == [(HEARTS, "covered"), (LUNGS, "no_policy")]
    assert decide(both, [policy(), policy("p2", dataset=LUNGS)]).rules == {HEARTS: "p1#0", LUNGS: "p2#0"}


def test_a_denial_hands_nothing_out():
    decision = decide(
        request(datasets=(HEARTS, LUNGS)), [policy(rules=(rule(permissions={"all": True}, bounds=LR_BOUNDS),))]
    )
    assert (decision.covering, decision.permissions, decision.bounds, decision.revisions) == ({}, {}, (), {})


@pytest.mark.parametrize(
    "named",
    [Beneficiaries(users=("alice",)), Beneficiaries(groups=("x", "cardio")), Beneficiaries(organizations=("uni",))],
)
def test_a_beneficiary_is_named_by_user_group_or_organization(named):
    assert decide(request(), [policy(beneficiaries=named)]).allowed


def test_a_beneficiary_s_name_in_another_list_is_another_name():
    names = Beneficiaries(users=("uni", "cardio"), groups=("alice", "uni"), organizations=("alice", "cardio"))
    assert not decide(request(), [policy(beneficiaries=names)]).allowed


def test_a_policy_of_an_organization_that_does_not_own_the_dataset_covers_nothing():
    decision = decide(request(), [policy(organization="lab")])
    assert not decision.allowed
    assert codes(decision.reasons) == ["no_policy"]
    assert codes(decision.custodian_reasons["clinic"]) == ["not_owner"]


@pytest.mark.parametrize(
    ("window", "allowed"),
    [
        ({"not_before": NOW}, True),
        ({"not_before": NOW + timedelta(microseconds=1)}, False),
        ({"not_after": NOW}, False),
        ({"not_after": NOW + timedelta(microseconds=1)}, True),
        ({"not_before": NOW, "not_after": NOW}, False),
    ],
)
def test_the_window_holds_its_beginning_and_not_its_end(window, allowed):
    decision = decide(request(), [policy(**window)])
    assert decision.allowed is allowed
    assert codes(decision.reasons) == ["covered" if allowed else "outside_window"]


@pytest.mark.parametrize(
    ("versions", "allowed"),
    [(("*",), True), (("1.2.0",), True), (("1.1.0", "1.2.0"), True), (("1.2.1",), False), ((), False)],
)
def test_a_rule_covers_the_versions_it_lists(versions, allowed):
    assert decide(request(), [policy(rules=(rule(versions=versions),))]).allowed is allowed


def test_another_model_or_version_is_told_what_is_covered():
    (model,) = decide(request(), [policy(rules=(rule(model="cox"),))]).reasons
    assert (model.code, model.given, model.expected, model.suggestion) == (
        "model_not_covered",
        "logreg",
        "cox",
        "use model `cox`",
    )
    (version,) = decide(request(), [policy(rules=(rule(versions=("1.3.0",)),))]).reasons
    assert (version.code, version.path, version.suggestion) == (
        "version_not_covered",
        "model.version",
        "use version `1.3.0`",
    )


def test_resources_beyond_the_rule_are_refused_each_with_its_limit():
    limits = policy(rules=(rule(resources=Resources(cpu=2, gpu=0, memory=1000)),))
    assert decide(request(resources=Resources(cpu=2, memory=1000)), [limits]).allowed
    denied = decide(request(resources=Resources(cpu=2.5, gpu=1, memory=1000)), [limits])
    assert [(r.code, r.path, r.expected, r.given, r.suggestion) for r in denied.reasons] == [
        ("resources_exceeded", "resources.clients.cpu", 2, 2.5, "use `2.0`"),
        ("resources_exceeded", "resources.clients.gpu", 0, 1, "use `0`"),
    ]


def test_declared_parameters_keep_within_the_rule_s_bounds():
    bounded = policy(rules=(rule(bounds=LR_BOUNDS),))
    assert decide(request(parameters={"lr": 0.1, "rounds": 5}), [bounded]).allowed
    (reason,) = decide(request(parameters={"lr": 0.2, "rounds": 5}), [bounded]).reasons
    assert (reason.code, reason.dataset, reason.rule, reason.path, reason.suggestion) == (
        "parameter_out_of_bounds",
        HEARTS,
        "p1#0",
        "lr",
        "use `0.1`",
    )


def test_a_parameter_not_declared_yet_is_no_violation():
    assert decide(request(parameters={"lr": 0.1}), [policy(rules=(rule(bounds=LR_BOUNDS),))]).allowed
    assert decide(request(parameters=None), [policy(rules=(rule(bounds=LR_BOUNDS),))]).allowed


def test_two_rules_are_alternatives_and_never_mixed():
    many_rounds = {
        "type": "object",
        "properties": {"lr": {"type": "number", "maximum": 0.01}, "rounds": {"type": "integer", "maximum": 99}},
    }
    high_rate = {
        "type": "object",
        "properties": {"lr": {"type": "number", "maximum": 1}, "rounds": {"type": "integer", "maximum": 9}},
    }
    documents = [policy(rules=(rule(bounds=many_rounds),)), policy("p2", rules=(rule(bounds=high_rate),))]
    assert decide(request(parameters={"lr": 0.01, "rounds": 99}), documents).rules == {HEARTS: "p1#0"}
    assert decide(request(parameters={"lr": 1, "rounds": 9}), documents).rules == {HEARTS: "p2#0"}
    assert not decide(request(parameters={"lr": 1, "rounds": 99}), documents).allowed


def test_the_first_rule_that_admits_everything_covers_with_its_own_terms_only():
    strict = rule(bounds=TIGHT, permissions={"export": True})
    wide = rule(bounds=LR_BOUNDS, permissions={"metrics": True})
    decision = decide(
        request(parameters={"lr": 0.05, "rounds": 5}), [policy("b", rules=(wide,)), policy("a", rules=(strict,))]
    )
    assert decision.rules == {HEARTS: "b#0"}
    assert decision.permissions == {"metrics": True}
    assert decision.bounds == (LR_BOUNDS,)


def test_the_highest_revision_of_a_policy_counts_alone():
    newer = policy(revision=2, rules=())
    for documents in ([policy(), newer], [newer, policy()]):
        assert not decide(request(), documents).allowed


def test_bounds_outside_the_profile_never_allow_and_the_custodian_is_told():
    erring = policy(rules=(rule(bounds=VOID),))
    decision = decide(request(parameters=None), [erring])
    assert not decision.allowed
    assert codes(decision.reasons) == ["no_policy"]
    (told,) = decision.custodian_reasons["clinic"]
    assert (told.code, told.path) == ("bounds_outside_profile", "properties.lr.pattern")


def test_an_erring_policy_does_not_stop_another_one():
    decision = decide(request(), [policy("a", rules=(rule(bounds=VOID),)), policy("b")])
    assert decision.rules == {HEARTS: "b#0"}
    assert codes(decision.custodian_reasons["clinic"]) == ["bounds_outside_profile", "covered"]


def test_the_requester_learns_nothing_of_policies_for_others():
    hidden = policy(
        "secret",
        name="secret",
        beneficiaries=Beneficiaries(users=("bob",)),
        rules=(rule(bounds=LR_BOUNDS, versions=("9.9.9",)),),
    )
    assert decide(request(), [hidden]).reasons == decide(request(), []).reasons
    assert codes(decide(request(), [hidden]).custodian_reasons["clinic"]) == ["not_beneficiary"]


def test_each_custodian_is_told_of_its_own_datasets_only():
    decision = decide(request(datasets=(HEARTS, LUNGS)), [policy(), policy("p2", dataset=LUNGS)])
    assert {org: {r.dataset for r in seen} for org, seen in decision.custodian_reasons.items()} == {
        "clinic": {HEARTS},
        "lab": {LUNGS},
    }


def test_the_requester_is_told_the_least_there_is_to_change():
    documents = [
        policy("a", not_after=NOW - HOUR),
        policy("b", rules=(rule(model="cox"), rule(versions=("2.0.0",)))),
        policy("c", rules=(rule(bounds=TIGHT, resources=Resources(cpu=0.1, memory=1)), rule(bounds=TIGHT))),
    ]
    decision = decide(request(parameters={"lr": 0.5}), documents)
    assert [(r.rule, r.path) for r in decision.reasons] == [("c#1", "lr")]


def test_effective_terms_are_the_strictest_of_all_custodians():
    here = rule(permissions={"rows": 100, "export": True, "only_here": True}, privacy={"noise": 0.1, "minimum": 5})
    there = rule(permissions={"rows": 50, "export": False}, privacy={"noise": 0.5, "audit": True})
    decision = decide(
        request(datasets=(HEARTS, LUNGS)), [policy(rules=(here,)), policy("p2", dataset=LUNGS, rules=(there,))]
    )
    assert decision.permissions == {"rows": 50, "export": False}
    assert decision.privacy == {"noise": 0.5, "minimum": 5, "audit": True}


def test_controls_that_contradict_each_other_are_a_denial():
    documents = [
        policy(rules=(rule(privacy={"mechanism": "laplace"}),)),
        policy("p2", dataset=LUNGS, rules=(rule(privacy={"mechanism": "gauss"}),)),
    ]
    decision = decide(request(datasets=(HEARTS, LUNGS)), documents)
    assert (decision.allowed, codes(decision.reasons)) == (False, ["privacy_conflict"])
    assert "`mechanism`" in decision.reasons[0].text
    assert "laplace" not in str(decision.reasons)


def test_a_policy_for_objects_does_not_cover_the_whole_dataset():
    assert not decide(request(), [policy(objects=("a.csv",))]).allowed


class TestObjects:
    """An object's policy overrides its folder's."""

    FOR_BOB = Beneficiaries(users=("bob",))
    BOB = request(requester=Person(user="bob", organization="uni"))

    def covering(self, documents, path, who=None):
        found = effective_for_object(who or request(), documents, HEARTS, path)
        return found and found.policy

    def test_the_dataset_s_policy_covers_every_object(self):
        assert self.covering([policy()], "a/b.csv") == "p1"

    def test_an_object_set_aside_for_one_is_closed_to_the_folder_s_beneficiaries(self):
        documents = [policy("all"), policy("one", objects=("a.csv",), beneficiaries=self.FOR_BOB)]
        assert self.covering(documents, "a.csv") is None
        assert self.covering(documents, "b.csv") == "all"
        assert self.covering(documents, "a.csv", self.BOB) == "one"
        assert self.covering(documents, "b.csv", self.BOB) is None

    def test_the_longest_folder_wins(self):
        documents = [policy("outer", objects=("a/",)), policy("inner", objects=("a/b/",))]
        assert [self.covering(documents, path) for path in ("a/x", "a/b/x", "ab/x", "a")] == [
            "outer",
            "inner",
            None,
            None,
        ]

    def test_an_object_is_named_whole(self):
        assert self.covering([policy(objects=("a.csv",))], "a.csv.bak") is None

    def test_a_lapsed_withdrawn_or_foreign_policy_overrides_nothing(self):
        others = (
            policy("old", objects=("a",), not_after=NOW),
            policy("none", objects=("a",), rules=()),
            policy("foreign", objects=("a",), organization="lab"),
        )
        assert self.covering([policy("all"), *others], "a") == "all"

    def test_an_override_with_void_bounds_closes_the_object(self):
        assert self.covering([policy("all"), policy("void", objects=("a",), rules=(rule(bounds=VOID),))], "a") is None

    def test_nothing_in_scope_is_nothing_covered(self):
        elsewhere = policy(datasets=(DatasetScope(id="other_gw-1_clinic"),))
        assert self.covering([elsewhere], "a") is None


RULES = st.builds(
    lambda model, versions, bounds, resources, permissions, privacy: rule(
        model=model, versions=versions, bounds=bounds, resources=resources, permissions=permissions, privacy=privacy
    ),
    st.sampled_from(["logreg", "cox"]),
    st.sampled_from([("*",), ("1.2.0",), ("2.0.0",)]),
    st.sampled_from([None, LR_BOUNDS, TIGHT, VOID]),
    st.sampled_from([None, Resources(cpu=0.5), Resources(cpu=4)]),
    st.fixed_dictionaries(
        {}, optional={"rows": st.integers(0, 9), "export": st.booleans(), "kinds": st.lists(st.sampled_from("abc"))}
    ),
    st.fixed_dictionaries({}, optional={"noise": st.integers(0, 9), "audit": st.booleans()}),
)
POLICIES = st.lists(
    st.builds(
        lambda dataset, named, rules, ends: (
            dataset,
            {"beneficiaries": Beneficiaries(users=named), "rules": tuple(rules), "not_after": ends},
        ),
        st.sampled_from([HEARTS, LUNGS]),
        st.sampled_from([("alice",), ("bob",), ("alice", "bob")]),
        st.lists(RULES, max_size=2),
        st.sampled_from([None, NOW, NOW + HOUR]),
    ),
    max_size=5,
).map(lambda parts: [policy(f"p{n}", dataset=dataset, **values) for n, (dataset, values) in enumerate(parts)])
REQUESTS = st.builds(
    lambda datasets, parameters: request(datasets=datasets, parameters=parameters),
    st.sampled_from([(HEARTS,), (LUNGS,), (HEARTS, LUNGS)]),
    st.sampled_from([None, {"lr": 0.05}, {"lr": 0.005, "rounds": 3}, {"x": 1}]),
)


@settings(max_examples=60)
@given(REQUESTS, POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_policies_decides_nothing(wanted, documents, chance):
    shuffled = list(documents)
    chance.shuffle(shuffled)
    assert decide(wanted, shuffled) == decide(wanted, documents)


@settings(max_examples=100)
@given(REQUESTS, POLICIES)
def test_an_allowed_request_is_covered_whole_and_gets_no_more_than_any_rule_gives(wanted, documents):
    decision = decide(wanted, documents)
    assert decision.reasons
    if decision.allowed:
        assert decision.covering.keys() == set(wanted.datasets)
        for dataset, found in decision.covering.items():
            (source,) = (d for d in documents if d.id == found.policy)
            assert source.datasets[0].id == dataset
            assert "alice" in source.beneficiaries.users
            assert found.rule == source.rules[found.index]
            assert no_wider(decision.permissions, found.rule.permissions)
            assert no_weaker(decision.privacy, found.rule.privacy)


@settings(max_examples=60)
@given(REQUESTS, POLICIES)
def test_the_requester_s_reasons_do_not_depend_on_policies_for_others(wanted, documents):
    visible = [document for document in documents if "alice" in document.beneficiaries.users]
    assert decide(wanted, documents).reasons == decide(wanted, visible).reasons
