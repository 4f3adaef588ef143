"""
Expected refusals of the policy service, one tree.

    PolicyError
    ├── NotOwnerError           the actor is no owner, or of another organization
    ├── UnknownPolicyError      the organization has no such policy
    ├── PolicyTakenError        the id is another organization's
    ├── DocumentError           the envelope does not hold the policy it should
    │   └── StaleRevisionError  not newer than what is in force
    ├── SignatureRefusedError   missing, or not by a key of the owner
    ├── ScopeError              datasets or objects the organization cannot speak for
    ├── WindowError             it would never be in force
    ├── RuleError               a rule that could not be applied
    │   ├── UnknownModelError
    │   ├── UnknownVersionError
    │   ├── UnknownControlError a permission or privacy control the model does not have
    │   └── BoundsRefusedError  parameter bounds outside the profile
    └── KeyFileError            a key of this installation that cannot be used
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class PolicyError(DomainError):
    """The policy service refuses."""

    slug: ClassVar[str] = "policy_refused"


class NotOwnerError(PolicyError):
    slug: ClassVar[str] = "not_owner"


class UnknownPolicyError(PolicyError):
    slug: ClassVar[str] = "unknown_policy"


class PolicyTakenError(PolicyError):
    slug: ClassVar[str] = "policy_taken"


class DocumentError(PolicyError):
    slug: ClassVar[str] = "policy_document"


class StaleRevisionError(DocumentError):
    slug: ClassVar[str] = "stale_revision"


class SignatureRefusedError(PolicyError):
    slug: ClassVar[str] = "signature_refused"


class ScopeError(PolicyError):
    slug: ClassVar[str] = "policy_scope"


class WindowError(PolicyError):
    slug: ClassVar[str] = "policy_window"


class RuleError(PolicyError):
    slug: ClassVar[str] = "policy_rule"


class UnknownModelError(RuleError):
    slug: ClassVar[str] = "unknown_model"


class UnknownVersionError(RuleError):
    slug: ClassVar[str] = "unknown_version"


class UnknownControlError(RuleError):
    slug: ClassVar[str] = "unknown_control"


class BoundsRefusedError(RuleError):
    slug: ClassVar[str] = "bounds_outside_profile"


class KeyFileError(PolicyError):
    slug: ClassVar[str] = "key_file"
