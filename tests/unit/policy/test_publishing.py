from dataclasses import replace
from typing import Any

import pytest
from policy_values import (
    BONES,
    HEARTS,
    LUNGS,
    MINUTE,
    NOW,
    OWNERS,
    STRANGER,
    at_most,
    document,
    known,
    owner,
    policy,
    publishing,
    rule,
    sealed,
    withdrawing,
)

from fedpact.contracts.policies import GRANT_TYPE, DatasetScope, Dsse, PolicyPublished, PolicyWithdrawn
from fedpact.decision import dsse, keys
from fedpact.decision.policies import signed_policy
from fedpact.policy.domain.errors import PolicyError
from fedpact.policy.domain.model import Dataset, Policy
from fedpact.policy.domain.publishing import evolve, publish, withdraw


def refused(envelope: Dsse, *, current: Policy | None = None, **parts: Any) -> tuple[str, str]:
    """Slug and path of the refusal."""
    with pytest.raises(PolicyError) as caught:
        publish(current, publishing(envelope), known(**parts))
    return caught.value.slug, caught.value.path


def test_an_owner_puts_a_signed_policy_in_force() -> None:
    envelope = sealed(document())
    (fact,) = publish(None, publishing(envelope), known())
    assert fact == PolicyPublished(
        policy="p1", document=document(), envelope=envelope, signed_by=(keys.keyid(OWNERS["clinic"]),)
    )
    assert evolve(None, fact) == Policy(
        document=document(), envelope=envelope, signed_by=(keys.keyid(OWNERS["clinic"]),)
    )


def test_an_unsigned_policy_is_taken_unless_signatures_are_required() -> None:
    envelope = signed_policy(document())
    (fact,) = publish(None, publishing(envelope), known())
    assert isinstance(fact, PolicyPublished)
    assert fact.signed_by == ()
    assert refused(envelope, require_signatures=True) == ("signature_refused", "document.signatures")


@pytest.mark.parametrize("role", ["data_steward", "data_scientist", "model_manager", "admin"])
def test_only_an_owner_writes_and_ends_policies(role: str) -> None:
    actor = owner(roles=(role,))
    for attempt in (
        lambda: publish(None, publishing(sealed(document()), actor=actor), known()),
        lambda: withdraw(policy(), withdrawing(actor=actor)),
    ):
        with pytest.raises(PolicyError) as caught:
            attempt()
        assert caught.value.slug == "not_owner"


def test_an_owner_speaks_for_the_own_organization_only() -> None:
    with pytest.raises(PolicyError) as caught:
        publish(None, publishing(sealed(document(dataset=LUNGS))), known())
    assert (caught.value.slug, caught.value.path) == ("not_owner", "document.organization")


def test_the_id_of_another_organization_cannot_be_taken_over() -> None:
    assert refused(sealed(document(revision=9)), current=policy(dataset=LUNGS)) == ("policy_taken", "policy")


def test_the_document_is_the_policy_that_the_command_names() -> None:
    assert refused(sealed(document("p2"))) == ("policy_document", "document.id")


def test_an_envelope_that_holds_something_else_is_refused_with_its_path() -> None:
    unknown = dsse.unsigned(b'{"id": "p1", "surprise": 1}', signed_policy(document()).payloadType)
    twice = dsse.unsigned(b'{"id": "p1", "id": "p2"}', signed_policy(document()).payloadType)
    other = dsse.unsigned(b"{}", GRANT_TYPE)
    assert refused(unknown)[0] == "policy_document"
    assert refused(twice) == ("policy_document", "document")
    assert refused(other) == ("policy_document", "document.payloadType")


def test_a_signature_has_to_be_by_a_registered_key_of_the_organization() -> None:
    assert refused(signed_policy(document(), STRANGER)) == ("signature_refused", "document.signatures")
    assert refused(sealed(document()), keys={}) == ("signature_refused", "document.signatures")


def test_content_changed_after_signing_is_refused() -> None:
    signatures = sealed(document()).signatures
    forged = signed_policy(document(name="other")).model_copy(update={"signatures": signatures})
    assert refused(forged) == ("signature_refused", "document.signatures")


@pytest.mark.parametrize("revision", [1, 2])
def test_a_revision_not_greater_than_the_current_is_refused(revision: int) -> None:
    envelope = sealed(document(revision=revision, description="changed"))
    assert refused(envelope, current=policy(revision=2)) == ("stale_revision", "document.revision")


def test_a_withdrawn_policy_comes_back_only_with_a_greater_revision() -> None:
    withdrawn = replace(policy(), withdrawn=True)
    assert refused(sealed(document()), current=withdrawn)[0] == "stale_revision"
    (fact,) = publish(withdrawn, publishing(sealed(document(revision=2))), known())
    assert not evolve(withdrawn, fact).withdrawn


def test_the_very_same_envelope_again_changes_nothing() -> None:
    assert publish(policy(), publishing(policy().envelope), known()) == []


def test_a_policy_is_about_registered_datasets_of_its_organization() -> None:
    foreign = document(datasets=(DatasetScope(id=HEARTS), DatasetScope(id=LUNGS)))
    assert refused(sealed(foreign)) == ("policy_scope", "document.datasets.1.id")
    assert refused(sealed(document(dataset="heart_gw-1_clinic"))) == ("policy_scope", "document.datasets.0.id")


def test_a_dataset_that_is_gone_or_anothers_by_the_registry_is_refused() -> None:
    gone = {HEARTS: Dataset(id=HEARTS, organization="clinic", registered=False)}
    anothers = {HEARTS: Dataset(id=HEARTS, organization="lab")}
    for datasets in (gone, anothers):
        assert refused(sealed(document()), datasets=datasets) == ("policy_scope", "document.datasets.0.id")


def test_a_near_dataset_is_suggested() -> None:
    with pytest.raises(PolicyError, match=f"did you mean `{HEARTS}`"):
        publish(None, publishing(sealed(document(dataset="heart_gw-1_clinic"))), known())


@pytest.mark.parametrize("roots", [(BONES, LUNGS), (BONES,)])
def test_no_policy_is_about_a_derived_dataset_itself(roots: tuple[str, ...]) -> None:
    """Those about its roots decide; one about itself would seem to allow what they do not."""
    derived = {HEARTS: Dataset(id=HEARTS, organization="clinic", derived_from=roots)}
    assert refused(sealed(document()), datasets=derived) == ("policy_scope", "document.datasets.0.id")


@pytest.mark.parametrize("item", ["/a", "../a", "a//b", "a/./b", "", "/", "a\\b", "a\nb"])
def test_an_object_is_a_plain_path_below_the_root(item: str) -> None:
    assert refused(sealed(document(objects=("images/", item)))) == ("policy_scope", "document.datasets.0.objects.1")


def test_a_policy_that_ends_before_it_begins_is_refused() -> None:
    for end in (NOW, NOW - MINUTE):
        assert refused(sealed(document(not_before=NOW, not_after=end))) == ("policy_window", "document.not_after")


RULES = {
    "model": (rule(model="logrek"), "unknown_model", "model"),
    "version": (rule(versions=("*", "9.9.9")), "unknown_version", "versions.1"),
    "no version": (rule(versions=()), "unknown_version", "versions"),
    "permission": (rule(permissions={"exprot": True}), "unknown_control", "permissions.exprot"),
    "privacy": (rule(privacy={"min_cuont": 5}), "unknown_control", "privacy.min_cuont"),
    "privacy of one version": (rule(privacy={"noise": 1}), "unknown_control", "privacy.noise"),
    "keyword": (
        rule(bounds={"type": "object", "properties": {"lr": {"type": "string", "pattern": "a"}}}),
        "bounds_outside_profile",
        "bounds.properties.lr",
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_nobody_could_apply_is_refused_with_its_path(case: str) -> None:
    wrong, slug, member = RULES[case]
    found, path = refused(sealed(document(rules=(rule(), wrong))))
    assert found == slug
    assert path.startswith(f"document.rules.1.{member}")


def test_near_models_are_named() -> None:
    with pytest.raises(PolicyError, match="use one of `logreg`"):
        publish(None, publishing(sealed(document(rules=(rule(model="logrek"),)))), known())


@pytest.mark.parametrize(
    "good",
    [
        rule(versions=("*",), permissions={"resume": True}, privacy={"min_count": 5}),
        rule(versions=("1.2.0",), privacy={"noise": 0.5}),
        rule(bounds=at_most(5)),
    ],
)
def test_a_rule_with_known_names_is_taken(good: Any) -> None:
    assert len(publish(None, publishing(sealed(document(rules=(good,)))), known())) == 1


def test_a_newer_revision_without_rules_is_a_signed_withdrawal_even_when_the_dataset_is_gone() -> None:
    envelope = sealed(document(revision=2, rules=()))
    (fact,) = publish(policy(), publishing(envelope), known(datasets={}))
    assert evolve(policy(), fact).document.rules == ()
    assert refused(sealed(document(rules=()))) == ("policy_rule", "document.rules")


def test_withdrawing_names_the_datasets_it_was_about() -> None:
    (fact,) = withdraw(policy(), withdrawing())
    assert fact == PolicyWithdrawn(policy="p1", organization="clinic", datasets=(HEARTS,))
    after = evolve(policy(), fact)
    assert after.withdrawn
    assert after.in_force_on == ()
    assert withdraw(after, withdrawing()) == []


@pytest.mark.parametrize("current", [None, policy(dataset=LUNGS)])
def test_an_unknown_policy_and_another_organizations_are_refused_alike(current: Policy | None) -> None:
    with pytest.raises(PolicyError) as caught:
        withdraw(current, withdrawing())
    assert caught.value.slug == "unknown_policy"
    assert "lab" not in caught.value.reason
