"""
The gateway's own decision on a grant, from evidence it holds itself.

The hub is not trusted with data. A gateway prepares nothing until the policy service's signature, the owners'
signatures on each policy, its own dataset mapping, its own veto and its own run of `decide` all agree, and
until the grant permits no more than that run does. Each refusal has the cause the gateway reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fedpact.contracts import strict_json
from fedpact.contracts.policies import GRANT_TYPE, POLICY_TYPE, Dsse, Grant, PolicyDocument
from fedpact.contracts.strict_json import MalformedError
from fedpact.decision import dsse
from fedpact.decision.bounds import subsumes
from fedpact.decision.coverage import Request
from fedpact.decision.decide import Decision, decide
from fedpact.decision.errors import (
    BoundsError,
    GrantDatasetError,
    GrantLapsedError,
    GrantMisaddressedError,
    GrantPolicyError,
    GrantRefusedError,
    GrantSignatureError,
    GrantVetoedError,
    RolledBackError,
    SignatureError,
)
from fedpact.decision.keys import PrivateKey, PublicKey
from fedpact.decision.policies import read_policy, verified_policy
from fedpact.decision.restrict import no_weaker, no_wider

Keys = Mapping[str, PublicKey]
POLICY_SERVICE = ""
"""Whose keys sign grants, where those of organizations are told apart by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """What this gateway does not run, whatever the policies say. `models` are `<id>` or `<id>@<version>`."""

    users: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    specs: frozenset[str] = frozenset()

    def against(self, grant: Grant) -> str | None:
        """What in `grant` is vetoed, for a person to read."""
        model, person = grant.model, grant.requester
        policies = {name.rpartition("#")[0] for name in grant.rules.values()}
        hits = (
            ("user", {person.user} & self.users),
            ("organization", {person.organization} & self.organizations),
            ("model", {model.id, f"{model.id}@{model.version}"} & self.models),
            ("model digest", {model.digest} & self.digests),
            ("dataset", {*grant.datasets, *grant.rules} & self.datasets),
            ("policy", policies & self.policies),
            ("spec", {grant.spec_id} & self.specs),
        )
        return next((f"{kind} `{min(names)}`" for kind, names in hits if names), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the gateway itself knows and believes; nothing of it comes from the hub."""

    gateway: str
    policy_service: Keys
    """Key id -> key of the policy service that signs grants."""
    owners: Mapping[str, Keys]
    """Organization -> the keys its owners sign policies with."""
    datasets: frozenset[str]
    """The gateway's own mapping."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Organization, or `POLICY_SERVICE` -> which of its keys this gateway has and cannot read, for a person."""
    roots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Derived dataset of this gateway -> what it holds data of."""
    revisions: Mapping[str, int] = field(default_factory=dict)
    """Policy id -> the highest revision seen."""
    veto: Veto = Veto()
    allow_unsigned: bool = False
    threshold: int = 1
    """How many of an owner's keys have to sign a policy."""
    skew: timedelta = timedelta(seconds=60)
    """How far ahead of ours the hub's clock may be."""


def sign_grant(grant: Grant, *private_keys: PrivateKey) -> Dsse:
    """The envelope the policy service puts around `grant`."""
    return dsse.sign(strict_json.dumps(grant.model_dump(mode="json")), GRANT_TYPE, *private_keys)


def read_grant(envelope: Dsse) -> Grant:
    """The grant inside, unverified: for showing only."""
    return strict_json.parsed(Grant, dsse.payload_of(envelope, GRANT_TYPE))


def check_grant(envelope: Dsse, trust: Trust, now: datetime) -> Grant:
    """The grant inside, if this gateway may act on it. Raises `GrantRefusedError` with cause and reason."""
    grant = _verified_grant(envelope, trust)
    _check_address(grant, trust, now)
    check_in_force(grant, trust.veto, now)
    documents = [_verified_policy(policy, trust) for policy in grant.policies]
    decision = decide(request_of(grant, now, trust.roots), documents)
    _check_not_wider(grant, decision)
    return grant


def check_in_force(grant: Grant, veto: Veto, now: datetime) -> None:
    """Refuse what is vetoed or has lapsed. Of an accepted grant that can be said without anything else being known."""
    if (hit := veto.against(grant)) is not None:
        raise GrantVetoedError(f"this gateway's operator vetoed {hit}")
    if grant.valid_until <= now:
        raise GrantLapsedError(f"the grant lapsed at `{grant.valid_until.isoformat()}`")


def request_of(grant: Grant, now: datetime, roots: Mapping[str, tuple[str, ...]]) -> Request:
    """What the grant answers, to be decided again by whom the data is of."""
    return Request(
        requester=grant.requester,
        model=grant.model,
        datasets=grant.datasets,
        resources=grant.resources,
        parameters=grant.parameters,
        roots=roots,
        now=now,
    )


def revisions_of(grant: Grant) -> dict[str, int]:
    """Policy id -> revision inside a checked grant, for the gateway to remember."""
    return {document.id: document.revision for document in map(read_policy, grant.policies)}


def _verified_grant(envelope: Dsse, trust: Trust) -> Grant:
    try:
        return strict_json.parsed(Grant, dsse.verify(envelope, GRANT_TYPE, trust.policy_service))
    except SignatureError as error:
        told = _told(error, trust, POLICY_SERVICE)
        raise GrantSignatureError(f"the grant is not the policy service's: {told}") from error
    except MalformedError as error:
        raise GrantRefusedError(f"the grant cannot be read: {error.reason}", path=error.path) from error


def _check_address(grant: Grant, trust: Trust, now: datetime) -> None:
    if grant.gateway != trust.gateway:
        raise GrantMisaddressedError(f"the grant is for gateway `{grant.gateway}`, this is `{trust.gateway}`")
    if grant.issued_at > now + trust.skew:
        raise GrantLapsedError(
            f"the grant begins at `{grant.issued_at.isoformat()}`: compare the clocks of gateway and hub"
        )
    if not grant.datasets:
        raise GrantDatasetError("the grant names no dataset")
    for dataset in grant.datasets:
        if dataset not in trust.datasets:
            raise GrantDatasetError(f"this gateway has no dataset `{dataset}`: register it here first")


def _verified_policy(envelope: Dsse, trust: Trust) -> PolicyDocument:
    try:
        claimed = read_policy(envelope)
        document = claimed if _may_be_unsigned(envelope, trust) else _signed(envelope, claimed.organization, trust)
    except SignatureError as error:
        raise GrantSignatureError(f"a policy in the grant is not its owner's: {error.reason}") from error
    except MalformedError as error:
        raise GrantPolicyError(f"a policy in the grant cannot be read: {error.reason}", path=error.path) from error
    if document.revision < (seen := trust.revisions.get(document.id, 0)):
        text = f"policy `{document.id}` comes at revision {document.revision}, this gateway has seen {seen}"
        raise RolledBackError(text)
    return document


def _may_be_unsigned(envelope: Dsse, trust: Trust) -> bool:
    """A signature that is there is checked even where none is needed."""
    return trust.allow_unsigned and not envelope.signatures and envelope.payloadType == POLICY_TYPE


def _signed(envelope: Dsse, organization: str, trust: Trust) -> PolicyDocument:
    """`organization`, read before verification, only chooses the keys; the bytes that say it are what they sign."""
    keys = trust.owners.get(organization, {})
    try:
        return verified_policy(envelope, keys, trust.threshold)[0]
    except SignatureError as error:
        raise SignatureError(_told(error, trust, organization)) from error


def _told(error: SignatureError, trust: Trust, whose: str) -> str:
    """Why a signature does not count, with the key that could not be read: it may be the one that is missing."""
    return "; ".join(filter(None, (error.reason, trust.unread.get(whose))))


def _check_not_wider(grant: Grant, decision: Decision) -> None:
    if not decision.allowed:
        reasons = "; ".join(reason.text for reason in decision.reasons)
        raise GrantPolicyError(f"the policies in the grant do not allow it: {reasons}")
    if grant.rules != decision.rules:
        raise GrantPolicyError(
            f"the grant names the rules {grant.rules}, the policies say {decision.rules}", path="rules"
        )
    if not no_wider(grant.permissions, decision.permissions):
        raise GrantPolicyError("the grant permits more than the policies in it", path="permissions")
    if not no_weaker(grant.privacy, decision.privacy):
        raise GrantPolicyError("the grant protects less than the policies in it ask", path="privacy")
    try:
        kept = all(any(subsumes(own, given) for given in grant.bounds) for own in decision.bounds)
    except BoundsError as error:
        raise GrantPolicyError(
            f"the bounds of the grant are outside the profile: {error.reason}", path="bounds"
        ) from error
    if not kept:
        raise GrantPolicyError("the bounds of the grant allow more than the policies in it", path="bounds")
