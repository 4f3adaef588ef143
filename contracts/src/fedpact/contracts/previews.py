"""
What an edit of an asset policy would do, before anybody does it.

An answer to its owner, in words and as data. It promises nothing: what counts is decided again when the policy is
published, and again at every gateway.
"""

from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import DatasetId, Id, Version
from fedpact.contracts.pact import Person, Resources
from fedpact.contracts.policies import Beneficiaries, Bounds, Permissions, PolicyDocument, Reason


class PolicyEdit(Strict):
    """A new policy or a new revision as `document`, or the id of one to `withdraw`. Exactly one of the two."""

    document: PolicyDocument | None = None
    withdraw: Id | None = None

    @model_validator(mode="after")
    def _one_edit(self) -> "PolicyEdit":
        if (self.document is None) == (self.withdraw is None):
            raise ValueError("give either `document` or `withdraw`")
        return self


class Obstacle(Model):
    """Why the edit would be refused: what the service would answer to it."""

    slug: str
    reason: str
    path: str = ""


class Allowance(Model):
    """What one rule would allow on one dataset. `text` says all of it to a person."""

    dataset: DatasetId
    objects: tuple[str, ...] = ()
    beneficiaries: Beneficiaries
    rule: Annotated[int, Field(ge=0)]
    model: Id
    versions: tuple[Version, ...]
    """Those registered by now."""
    later_versions: bool = False
    """Versions that are registered later are allowed too."""
    permissions: Permissions = {}
    privacy: Permissions = {}
    bounds: Bounds | None = None
    resources: Resources | None = None
    text: str


class SpecEffect(Model):
    """
    A live spec that the edit would decide otherwise, or on other terms.

    `reasons` are those its requester would be given, `custodian_reasons` those for the owner who asks.
    """

    spec_id: Id
    creator: Person
    model: str
    datasets: tuple[DatasetId, ...]
    before: bool
    after: bool
    running: bool = False
    """Grants are out: what runs on them would end with the approval."""
    text: str
    reasons: tuple[Reason, ...] = ()
    custodian_reasons: tuple[Reason, ...] = ()


class Preview(Model):
    """
    What would be allowed, and which specs would be decided otherwise, as of `at`.

    `at` is now, or the beginning of the policy's window when that lies ahead. With `obstacle` the edit would be
    refused, so nothing would change. Long lists are cut; the counts are whole.
    """

    policy: Id
    revision: int = 0
    at: AwareDatetime
    obstacle: Obstacle | None = None
    needs_signature: bool = False
    """This hub refuses the policy unless its owner has signed it."""
    allows: tuple[Allowance, ...] = ()
    allowed: int = 0
    flips: tuple[SpecEffect, ...] = ()
    flipped: int = 0
    retermed: tuple[SpecEffect, ...] = ()
    """Specs that stay approved, with other permissions, bounds or privacy controls."""
    unchanged: int = 0
    notes: tuple[str, ...] = ()
