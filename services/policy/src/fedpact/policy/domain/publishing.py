"""
What an owner may put in force, and end.

Everything a person can get wrong is told here, with its path, because afterwards a policy is only ever read by
machines: a rule that names an unknown model, or a privacy control the model does not have, would silently
allow nothing or protect nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.policies import (
    Dsse,
    PolicyDocument,
    PolicyPublished,
    PolicyWithdrawn,
    PublishPolicy,
    WithdrawPolicy,
)
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.strict_json import MalformedError
from fedpact.decision.errors import SignatureError
from fedpact.decision.keys import PublicKey
from fedpact.decision.policies import read_policy, verified_policy
from fedpact.policy.domain import rules, scopes
from fedpact.policy.domain.errors import (
    DocumentError,
    NotOwnerError,
    PolicyTakenError,
    RuleError,
    SignatureRefusedError,
    StaleRevisionError,
    UnknownPolicyError,
    WindowError,
)
from fedpact.policy.domain.model import Dataset, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the service knows when an owner publishes. `datasets` and `keys` are those of the owner's organization."""

    datasets: Mapping[str, Dataset]
    models: Mapping[str, ModelChanged]
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    require_signatures: bool = False


def publish(policy: Policy | None, order: Order[PublishPolicy], known: Known) -> Sequence[Fact]:
    """
    The policy in force, if its owner may say so. The very same envelope again changes nothing.

    A newer revision without rules is an owner's signed withdrawal; it may name datasets that are gone.
    """
    check_owner(order.actor)
    command = order.command
    document = _document(command)
    _check_whose(policy, document, order.actor)
    if policy is not None and not policy.withdrawn and policy.envelope == command.document:
        return []
    signed_by = _signed_by(command.document, document.organization, known)
    _check_content(policy, document, known)
    return [PolicyPublished(policy=command.policy, document=document, envelope=command.document, signed_by=signed_by)]


def check_draft(policy: Policy | None, document: PolicyDocument, actor: Actor, known: Known) -> None:
    """Refuses what `publish` would refuse about the text itself; nobody has signed a draft."""
    _check_whose(policy, document, actor)
    _check_content(policy, document, known)


def withdraw(policy: Policy | None, order: Order[WithdrawPolicy]) -> Sequence[Fact]:
    """The end of the policy; of one that has ended, nothing."""
    check_owner(order.actor)
    policy = check_withdrawal(policy, order.command.policy, order.actor)
    if policy.withdrawn:
        return []
    organization = policy.document.organization
    return [PolicyWithdrawn(policy=policy.id, organization=organization, datasets=policy.datasets)]


def check_withdrawal(policy: Policy | None, name: str, actor: Actor) -> Policy:
    """The policy that the actor's organization would end; refuses another's."""
    if policy is None or policy.document.organization != actor.organization:
        text = f"`{actor.organization}` has no policy `{name}`: look its id up among your policies"
        raise UnknownPolicyError(text, path="policy")
    return policy


def evolve(policy: Policy | None, fact: Fact) -> Policy:
    """The policy after `fact`."""
    match fact:
        case PolicyPublished():
            return Policy(document=fact.document, envelope=fact.envelope, signed_by=fact.signed_by)
        case PolicyWithdrawn():
            assert policy is not None
            return replace(policy, withdrawn=True)
        case _:
            raise TypeError(f"`{fact.type}` is not about a policy")


def check_owner(actor: Actor) -> None:
    """Refuses whoever is no owner."""
    if not actor.has(Role.OWNER):
        raise NotOwnerError(f"only an owner of `{actor.organization}` writes its policies: ask one to do it")


def _check_whose(policy: Policy | None, document: PolicyDocument, actor: Actor) -> None:
    if document.organization != actor.organization:
        text = (
            f"the policy speaks for `{document.organization}`, you are an owner of `{actor.organization}`: have one of"
            " its owners publish it, or correct its `organization`"
        )
        raise NotOwnerError(text, path="document.organization")
    if policy is not None and policy.document.organization != document.organization:
        raise PolicyTakenError(f"`{document.id}` is another organization's policy: choose another id", path="policy")


def _check_content(policy: Policy | None, document: PolicyDocument, known: Known) -> None:
    _check_revision(policy, document)
    _check_window(document)
    if document.rules:
        scopes.check(document, known.datasets)
        rules.check(document, known.models)
    elif policy is None:
        raise RuleError("a policy without rules allows nothing: add a rule", path="document.rules")


def _document(command: PublishPolicy) -> PolicyDocument:
    try:
        document = read_policy(command.document)
    except SignatureError as error:  # sealed as another kind of document
        raise DocumentError(error.reason, path="document.payloadType") from error
    except MalformedError as error:
        raise DocumentError(error.reason, path=".".join(filter(None, ("document", error.path)))) from error
    if document.id != command.policy:
        text = f"the document is policy `{document.id}`, the command names `{command.policy}`: they have to agree"
        raise DocumentError(text, path="document.id")
    return document


def _signed_by(envelope: Dsse, organization: str, known: Known) -> tuple[str, ...]:
    if not envelope.signatures:
        if known.require_signatures:
            raise SignatureRefusedError(
                "this policy is not signed, and this federation takes signed ones only: sign it with your owner's key",
                path="document.signatures",
            )
        return ()
    try:
        return verified_policy(envelope, known.keys)[1]
    except SignatureError as error:
        text = f"{error.reason}: sign it with a key that the hub knows as `{organization}`'s ({len(known.keys)} so far)"
        raise SignatureRefusedError(text, path="document.signatures") from error


def _check_revision(policy: Policy | None, document: PolicyDocument) -> None:
    if policy is not None and document.revision <= policy.document.revision:
        current = policy.document.revision
        text = f"revision {document.revision} is not newer than {current}: publish it as revision {current + 1}"
        raise StaleRevisionError(text, path="document.revision")


def _check_window(document: PolicyDocument) -> None:
    begin, end = document.not_before, document.not_after
    if begin is not None and end is not None and begin >= end:
        raise WindowError("the policy ends before it begins: set `not_after` later", path="document.not_after")
