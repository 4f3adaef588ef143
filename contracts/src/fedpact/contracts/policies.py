"""
Asset policies, decisions and grants.

A policy travels as a DSSE envelope: the bytes that were signed are the bytes that are kept, and nobody
canonicalises anything to verify them. A document without signatures is an envelope with none.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from fedpact.contracts.envelope import Accepted, Command, Fact, Model, Quarantined, Refused, Strict
from fedpact.contracts.ids import DatasetId, Id, Version
from fedpact.contracts.pact import Person, PinnedModel, RequiredLimits, Resources

POLICY_TYPE = "application/vnd.fedpact.asset-policy.v1+json"
GRANT_TYPE = "application/vnd.fedpact.grant.v1+json"

Permissions = dict[str, JsonValue]
"""Permission name of the model -> value; what the model may do for this requester."""
Bounds = dict[str, JsonValue]
"""A JSON Schema in the decidable profile (see `fedpact.decision.bounds`)."""


class DatasetScope(Strict):
    """A dataset, or some objects inside it (paths below its root). An object's policy overrides its folder's."""

    id: DatasetId
    objects: tuple[str, ...] = ()


class Beneficiaries(Strict):
    """Who the policy is for: anyone named in any of the three."""

    users: tuple[Id, ...] = ()
    groups: tuple[Id, ...] = ()
    organizations: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _somebody(self) -> "Beneficiaries":
        if not (self.users or self.groups or self.organizations):
            raise ValueError("a policy needs at least one user, group or organization as beneficiary")
        return self


class Rule(Strict):
    """
    One model (versions `*` = all) with its permissions, parameter bounds, privacy controls and resource limit.

    `enforced` are limits that the gateway with the data has to hold workloads to; it decides that by itself.
    """

    model: Id
    versions: tuple[Version | Literal["*"], ...] = ("*",)
    permissions: Permissions = {}
    bounds: Bounds | None = None
    privacy: Permissions = {}
    resources: Resources | None = None
    enforced: RequiredLimits = ()


class PolicyDocument(Strict):
    """
    An asset policy: who may run which model version with which parameters on which data, and when.

    `revision` only grows: a gateway refuses one older than the highest it has seen. The window is half-open.
    Withdrawing is a higher revision without rules.
    """

    id: Id
    revision: Annotated[int, Field(ge=1)] = 1
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=5000)] = ""
    organization: Id
    datasets: Annotated[tuple[DatasetScope, ...], Field(min_length=1, max_length=256)]
    beneficiaries: Beneficiaries
    rules: Annotated[tuple[Rule, ...], Field(max_length=64)] = ()
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None


class Signature(Strict):
    keyid: str
    sig: str
    """Base64."""


class Dsse(Strict):
    """A DSSE envelope (in-toto). `payload` is base64 of the exact bytes that were signed."""

    payloadType: str  # noqa: N815 - the standard's name
    payload: Annotated[str, Field(max_length=4_000_000)]
    signatures: tuple[Signature, ...] = ()


class Reason(Model):
    """
    Why something is allowed or not, as data.

    `code` is stable; `text` is for a person. What the requester sees holds nothing derived from data or from
    policies the requester may not see; the custodian's holds all.
    """

    code: str
    text: str
    dataset: str | None = None
    rule: str | None = None
    path: str = ""
    expected: JsonValue = None
    given: JsonValue = None
    suggestion: str | None = None


class Grant(Strict):
    """
    The policy service's statement to one gateway: this requester may run this model on these datasets.

    It holds the policy documents it stands on, so that the gateway can decide again by itself. It is renewed
    at half-life while the activation lives; when it lapses, the gateway stops serving.
    """

    spec_id: Id
    generation: Annotated[int, Field(ge=1)]
    gateway: Id
    requester: Person
    model: PinnedModel
    datasets: tuple[DatasetId, ...]
    resources: Resources
    enforced: RequiredLimits = ()
    """What the pact requires the gateway to hold its clients to."""
    parameters: dict[str, JsonValue] | None = None
    permissions: Permissions = {}
    privacy: Permissions = {}
    bounds: tuple[Bounds, ...] = ()
    rules: dict[str, str] = {}
    """Dataset, or root of a derived one -> `<policy>#<index of the rule>`."""
    policies: tuple[Dsse, ...] = ()
    issued_at: AwareDatetime
    valid_until: AwareDatetime


class PolicyPublished(Fact):
    """The whole policy. `signed_by` are the key ids that the policy service could verify."""

    type: ClassVar[str] = "policy.policy.published"

    policy: Id
    document: PolicyDocument
    envelope: Dsse
    signed_by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.policy


class PolicyWithdrawn(Fact):
    type: ClassVar[str] = "policy.policy.withdrawn"

    policy: Id
    organization: Id
    datasets: tuple[DatasetId, ...]

    @property
    def key(self) -> str:
        return self.policy


class SpecDecided(Fact):
    """The verdict on a spec by the policies in force. Decided again whenever one of them changes."""

    type: ClassVar[str] = "policy.spec.decided"

    spec_id: Id
    allowed: bool
    reasons: tuple[Reason, ...]
    custodian_reasons: dict[str, tuple[Reason, ...]] = {}
    """Organization of the custodian -> what its owner sees."""
    revisions: dict[str, int] = {}
    """Policy id -> revision the verdict stands on."""
    permissions: Permissions = {}
    privacy: Permissions = {}
    bounds: tuple[Bounds, ...] = ()
    stands_until: AwareDatetime | None = None
    """When the verdict is due again by itself: the window of a policy for this requester opens or closes then."""

    @property
    def key(self) -> str:
        return self.spec_id


class GrantsIssued(Fact):
    """Signed grants for a placed activation, one per gateway, in one fact."""

    type: ClassVar[str] = "policy.grants.issued"

    spec_id: Id
    generation: int
    attempt: int
    grants: dict[str, Dsse]
    bounds: tuple[Bounds, ...] = ()
    """Every custodian's bounds: a payload has to satisfy each."""
    permissions: Permissions = {}
    privacy: Permissions = {}
    revisions: dict[str, int] = {}
    """Policy id -> revision inside the grants."""
    valid_until: AwareDatetime
    renew_at: AwareDatetime | None = None
    """When the next ones are due, if the policies still allow it; `None` is at `valid_until`."""

    @property
    def key(self) -> str:
        return self.spec_id


class GrantsRenewed(GrantsIssued):
    """The same, with a later end. Each replaces the one before, so the stream forgets it after an hour."""

    type: ClassVar[str] = "policy.grants.renewed"
    ttl: ClassVar[int | None] = 3600


class GrantsDenied(Fact):
    """The policies in force at activation do not cover the spec."""

    type: ClassVar[str] = "policy.grants.denied"

    spec_id: Id
    generation: int
    attempt: int
    reasons: tuple[Reason, ...]
    custodian_reasons: dict[str, tuple[Reason, ...]] = {}

    @property
    def key(self) -> str:
        return self.spec_id


class GrantsEnded(Fact):
    """The generation is over: its grants are not renewed any more and lapse."""

    type: ClassVar[str] = "policy.grants.ended"

    spec_id: Id
    generation: int

    @property
    def key(self) -> str:
        return self.spec_id


class CommandAccepted(Accepted):
    type: ClassVar[str] = "policy.command.accepted"


class CommandRefused(Refused):
    type: ClassVar[str] = "policy.command.refused"


class MessageQuarantined(Quarantined):
    type: ClassVar[str] = "policy.message.quarantined"


class PublishPolicy(Command):
    """An owner puts a policy of its organization in force. `document` is the DSSE envelope around it."""

    type: ClassVar[str] = "policy.publish"

    policy: Id
    document: Dsse

    @property
    def key(self) -> str:
        return self.policy


class WithdrawPolicy(Command):
    """An owner ends a policy. What ran on it alone stops."""

    type: ClassVar[str] = "policy.withdraw"

    policy: Id

    @property
    def key(self) -> str:
        return self.policy
