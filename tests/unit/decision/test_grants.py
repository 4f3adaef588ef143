from datetime import timedelta

import pytest
from decision_values import (
    HEARTS,
    LR_BOUNDS,
    LUNGS,
    MODEL,
    NOW,
    OWNER,
    POLICY_SERVICE,
    STRANGER,
    grant,
    policy,
    rule,
    trust,
)

from fedpact.contracts.pact import Resources
from fedpact.contracts.policies import GRANT_TYPE, POLICY_TYPE, Beneficiaries
from fedpact.contracts.workloads import Cause
from fedpact.decision import dsse, keys
from fedpact.decision.errors import (
    GrantDatasetError,
    GrantLapsedError,
    GrantMisaddressedError,
    GrantPolicyError,
    GrantRefusedError,
    GrantSignatureError,
    GrantVetoedError,
    RolledBackError,
)
from fedpact.decision.grants import Veto, check_grant, read_grant, revisions_of, sign_grant
from fedpact.decision.policies import signed_policy

TIGHTER = {
    "type": "object",
    "properties": {"rounds": {"type": "integer", "minimum": 1, "maximum": 10}},
    "required": ["rounds"],
}


def check(trusting=None, now=NOW, **parts):
    return check_grant(sign_grant(grant(**parts), POLICY_SERVICE), trusting or trust(), now)


def on(**terms):
    """A grant's policies: one rule with these terms."""
    return (signed_policy(policy(rules=(rule(**terms),)), OWNER),)


def refused(error, cause, told, **parts):
    with pytest.raises(error, match=told) as refusal:
        check(**parts)
    assert refusal.value.cause is cause
    return refusal.value


def test_a_grant_that_its_policies_bear_out_is_accepted():
    assert check() == grant()


def test_a_grant_s_revisions_are_there_to_be_remembered():
    assert revisions_of(check(policies=(signed_policy(policy(revision=7), OWNER),))) == {"p1": 7}


@pytest.mark.parametrize("signers", [(), (STRANGER,), (OWNER,)])
def test_only_the_policy_service_signs_grants(signers):
    with pytest.raises(GrantSignatureError) as refusal:
        check_grant(sign_grant(grant(), *signers), trust(), NOW)
    assert refusal.value.cause is Cause.SIGNATURE


def test_a_policy_s_envelope_is_no_grant():
    with pytest.raises(GrantSignatureError):
        check_grant(dsse.sign(b"{}", POLICY_TYPE, POLICY_SERVICE), trust(), NOW)


def test_a_signed_grant_that_cannot_be_read_is_refused():
    with pytest.raises(GrantRefusedError, match="cannot be read"):
        check_grant(dsse.sign(b"{}", GRANT_TYPE, POLICY_SERVICE), trust(), NOW)


def test_a_grant_for_another_gateway_is_refused():
    refused(GrantMisaddressedError, Cause.POLICY, "`gw-2`", gateway="gw-2")


def test_a_grant_lasts_until_its_end_and_not_beyond():
    assert check(now=NOW + timedelta(minutes=10) - timedelta(microseconds=1))
    refused(GrantLapsedError, Cause.POLICY, "lapsed", now=NOW + timedelta(minutes=10))


def test_a_clock_a_little_behind_the_hub_s_is_forgiven():
    assert check(now=NOW - timedelta(seconds=60))
    refused(GrantLapsedError, Cause.POLICY, "clocks", now=NOW - timedelta(seconds=61))


def test_a_dataset_the_gateway_does_not_have_is_refused():
    refused(GrantDatasetError, Cause.DATASET, LUNGS, datasets=(HEARTS, LUNGS))
    refused(GrantDatasetError, Cause.DATASET, "no dataset", datasets=())


@pytest.mark.parametrize(
    "veto",
    [
        Veto(users=frozenset({"alice"})),
        Veto(organizations=frozenset({"uni"})),
        Veto(models=frozenset({"logreg"})),
        Veto(models=frozenset({"logreg@1.2.0"})),
        Veto(digests=frozenset({MODEL.digest})),
        Veto(datasets=frozenset({HEARTS})),
        Veto(policies=frozenset({"p1"})),
        Veto(specs=frozenset({"s-1"})),
    ],
)
def test_the_gateway_s_own_veto_stands_above_every_policy(veto):
    refused(GrantVetoedError, Cause.VETO, "vetoed", trusting=trust(veto=veto))


def test_a_veto_of_others_stops_nothing():
    assert check(trust(veto=Veto(users=frozenset({"uni"}), models=frozenset({"logreg@1.1.0"}))))


def test_an_unsigned_policy_is_refused_unless_the_gateway_allows_it():
    unsigned = (signed_policy(policy()),)
    refused(GrantSignatureError, Cause.SIGNATURE, "not signed", policies=unsigned)
    assert check(trust(allow_unsigned=True), policies=unsigned)


@pytest.mark.parametrize("allow_unsigned", [False, True])
def test_a_stranger_s_signature_on_a_policy_is_refused_in_any_case(allow_unsigned):
    forged = (signed_policy(policy(), STRANGER),)
    refused(
        GrantSignatureError,
        Cause.SIGNATURE,
        "not its owner's",
        policies=forged,
        trusting=trust(allow_unsigned=allow_unsigned),
    )


def test_a_refusal_names_the_key_that_could_not_be_read_of_whom_it_is_about():
    told = {"": "the service's is broken", "clinic": "the clinic's is broken", "lab": "the lab's is broken"}
    unread = trust(owners={}, unread=told)
    text = "a policy in the grant is not its owner's: .*; the clinic's is broken$"
    refused(GrantSignatureError, Cause.SIGNATURE, text, trusting=unread)
    text = "the grant is not the policy service's: .*; the service's is broken$"
    refused(GrantSignatureError, Cause.SIGNATURE, text, trusting=trust(policy_service={}, unread=told))
    assert check(trust(unread=told))


def test_another_organization_s_owner_cannot_sign_for_the_dataset_s():
    both = trust(owners={"clinic": keys.by_id([OWNER.public_key()]), "lab": keys.by_id([STRANGER.public_key()])})
    refused(GrantSignatureError, Cause.SIGNATURE, "owner", policies=(signed_policy(policy(), STRANGER),), trusting=both)
    own_name = (signed_policy(policy(organization="lab"), STRANGER),)
    refused(GrantPolicyError, Cause.POLICY, "no policy covers", policies=own_name, trusting=both)


def test_an_owner_may_need_two_keys():
    owners = {"clinic": keys.by_id([OWNER.public_key(), STRANGER.public_key()])}
    refused(GrantSignatureError, Cause.SIGNATURE, "2 are needed", trusting=trust(owners=owners, threshold=2))
    assert check(trust(owners=owners, threshold=2), policies=(signed_policy(policy(), OWNER, STRANGER),))


def test_a_policy_older_than_one_seen_is_refused():
    assert check(trust(revisions={"p1": 1}))
    refused(RolledBackError, Cause.SIGNATURE, "has seen 2", trusting=trust(revisions={"p1": 2}))


def test_a_policy_that_cannot_be_read_is_refused():
    refused(GrantPolicyError, Cause.POLICY, "cannot be read", policies=(dsse.sign(b"{}", POLICY_TYPE, OWNER),))


@pytest.mark.parametrize(
    "policies",
    [
        (),
        (signed_policy(policy(not_after=NOW), OWNER),),
        (signed_policy(policy(beneficiaries=Beneficiaries(users=("bob",))), OWNER),),
        on(model="cox"),
        on(resources=Resources(cpu=0.5)),
    ],
)
def test_the_gateway_decides_again_and_says_no(policies):
    refused(GrantPolicyError, Cause.POLICY, "do not allow it", policies=policies)


def test_declared_parameters_are_decided_again():
    refused(
        GrantPolicyError,
        Cause.POLICY,
        "at most 50",
        policies=on(bounds=LR_BOUNDS),
        bounds=(LR_BOUNDS,),
        parameters={"rounds": 51},
    )


def test_a_grant_names_the_rules_the_gateway_finds():
    assert refused(GrantPolicyError, Cause.POLICY, "rules", rules={HEARTS: "p1#1"}).path == "rules"
    assert refused(GrantPolicyError, Cause.POLICY, "rules", rules={}).path == "rules"


def test_a_grant_may_permit_less_than_its_policies_and_not_more():
    assert check(policies=on(permissions={"rows": 10, "export": True}), permissions={"rows": 5})
    assert (
        refused(
            GrantPolicyError, Cause.POLICY, "more", policies=on(permissions={"rows": 10}), permissions={"rows": 11}
        ).path
        == "permissions"
    )
    refused(GrantPolicyError, Cause.POLICY, "more", permissions={"export": True})


def test_a_grant_may_protect_more_than_its_policies_ask_and_not_less():
    assert check(policies=on(privacy={"noise": 1}), privacy={"noise": 2, "audit": True})
    assert (
        refused(GrantPolicyError, Cause.POLICY, "less", policies=on(privacy={"noise": 1}), privacy={"noise": 0}).path
        == "privacy"
    )
    refused(GrantPolicyError, Cause.POLICY, "less", policies=on(privacy={"noise": 1}))


def test_a_grant_s_bounds_may_be_narrower_and_not_wider():
    assert check(policies=on(bounds=LR_BOUNDS), bounds=(LR_BOUNDS,))
    assert check(policies=on(bounds=LR_BOUNDS), bounds=(TIGHTER,))
    assert check(policies=on(bounds=TIGHTER), bounds=(LR_BOUNDS, TIGHTER))
    for bounds in ((), (LR_BOUNDS,)):
        assert (
            refused(GrantPolicyError, Cause.POLICY, "more", policies=on(bounds=TIGHTER), bounds=bounds).path == "bounds"
        )
    refused(GrantPolicyError, Cause.POLICY, "profile", policies=on(bounds=TIGHTER), bounds=({"not": {}},))


def test_a_grant_can_be_shown_without_being_believed():
    assert read_grant(sign_grant(grant(), STRANGER)) == grant()
