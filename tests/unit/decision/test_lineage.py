"""A derived dataset needs what each of its roots needs, at the hub and at its gateway."""

from dataclasses import replace

import pytest
from decision_values import HEARTS, LUNGS, NOW, OWNER, POLICY_SERVICE, STRANGER, grant, policy, request, rule, trust
from hypothesis import given
from hypothesis import strategies as st

from fedpact.decision import keys
from fedpact.decision.decide import decide
from fedpact.decision.errors import GrantPolicyError, GrantVetoedError
from fedpact.decision.grants import Veto, check_grant, sign_grant
from fedpact.decision.lineage import lineage, roots
from fedpact.decision.policies import signed_policy

MIX, MORE, BONES = "mix_gw-1_clinic", "more_gw-1_clinic", "bones_gw-1_clinic"
ROOTS = {MIX: (HEARTS, LUNGS)}


@pytest.mark.parametrize(
    ("dataset", "parents", "found"),
    [
        (HEARTS, {}, (HEARTS,)),
        (MIX, ROOTS, (HEARTS, LUNGS)),
        (MORE, {MORE: (MIX, BONES)} | ROOTS, (BONES, HEARTS, LUNGS)),
        # what another gateway's dataset is made of is not for this one to say
        (MIX, ROOTS | {LUNGS: (BONES,)}, (HEARTS, LUNGS)),
        (MIX, {MIX: (MORE,), MORE: (MIX,)}, (MIX, MORE)),
        (MIX, {MIX: (MIX, HEARTS)}, (HEARTS,)),
    ],
)
def test_roots_are_what_is_not_derived_itself(dataset, parents, found):
    assert roots(dataset, parents) == found


def test_only_derived_datasets_have_a_lineage():
    assert lineage([HEARTS, MIX], ROOTS) == ROOTS


DATASETS = [f"{name}_{gateway}_o" for name in "abc" for gateway in ("g1", "g2")]
ANY = st.sampled_from(DATASETS)
PARENTS = st.dictionaries(ANY, st.lists(ANY, max_size=3)).map(
    lambda drawn: {one: tuple(above for above in some if above < one) for one, some in drawn.items()}
)
"""Without circles."""


@given(ANY, PARENTS, ANY)
def test_there_is_always_somebody_to_ask_and_more_parents_ask_no_fewer(dataset, parents, another):
    found = roots(dataset, parents)
    assert found
    if another < dataset:
        more = roots(dataset, {**parents, dataset: (*parents.get(dataset, ()), another)})
        assert set(found) - {dataset} <= set(more)


def asked(*policies):
    return decide(replace(request(), datasets=(MIX,), roots=ROOTS), policies)


HEART, LUNG = policy(), policy("p2", dataset=LUNGS)


def test_every_root_has_to_be_covered():
    assert asked(HEART, LUNG).rules == {HEARTS: "p1#0", LUNGS: "p2#0"}
    for policies in ([HEART], [LUNG], []):
        assert not asked(*policies).allowed


def test_a_policy_about_the_derived_dataset_itself_allows_nothing():
    assert not asked(policy(dataset=MIX)).allowed
    assert not asked(policy(dataset=MIX), HEART).allowed


def test_the_strictest_of_all_roots_holds():
    heart = policy(rules=(rule(privacy={"min_count": 3}, permissions={"export": True}),))
    lung = policy("p2", dataset=LUNGS, rules=(rule(privacy={"min_count": 9}, permissions={}),))
    decision = asked(heart, lung)
    assert (decision.privacy, decision.permissions) == ({"min_count": 9}, {})
    assert set(decision.custodian_reasons) == {"clinic", "lab"}


def checked(*, veto=None, roots=ROOTS, **parts):
    owners = {"clinic": keys.by_id([OWNER.public_key()]), "lab": keys.by_id([STRANGER.public_key()])}
    trusting = trust(datasets=frozenset({MIX}), owners=owners, roots=roots, veto=veto or Veto())
    signed = {
        "datasets": (MIX,),
        "rules": {HEARTS: "p1#0", LUNGS: "p2#0"},
        "policies": (signed_policy(HEART, OWNER), signed_policy(LUNG, STRANGER)),
    }
    return check_grant(sign_grant(grant(**(signed | parts)), POLICY_SERVICE), trusting, NOW)


def test_a_gateway_decides_by_what_it_knows_its_dataset_is_made_of():
    assert checked().rules == {HEARTS: "p1#0", LUNGS: "p2#0"}
    with pytest.raises(GrantPolicyError, match="no policy covers"):
        checked(rules={HEARTS: "p1#0"}, policies=(signed_policy(HEART, OWNER),))
    with pytest.raises(GrantPolicyError, match="no policy covers"):
        checked(roots={})
    own = signed_policy(policy(dataset=MIX), OWNER)
    with pytest.raises(GrantPolicyError):
        checked(rules={MIX: "p1#0"}, policies=(own,))


def test_a_veto_on_a_root_holds_for_what_is_made_of_it():
    with pytest.raises(GrantVetoedError, match=LUNGS):
        checked(veto=Veto(datasets=frozenset({LUNGS})))
