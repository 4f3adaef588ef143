"""
Expected refusals of this package, one tree.

    DecisionError
    ├── BoundsError               a schema outside the profile
    ├── KeyFormatError            not a key this package uses
    ├── SignatureError
    │   ├── UnsignedError         no signature at all
    │   ├── PayloadTypeError      signed as something else
    │   ├── UnknownKeyError       signed, by nobody we trust
    │   ├── BadSignatureError     the bytes are not those that were signed
    │   └── ThresholdError        too few trusted signatures
    ├── TokenError
    │   ├── MalformedTokenError   not a token of the one form we accept
    │   ├── UnknownTokenKeyError  its key id is not among the keys
    │   ├── ForgedTokenError      its signature does not fit
    │   ├── WrongIssuerError      from somebody else
    │   ├── WrongAudienceError    for somebody else
    │   ├── TokenExpiredError     its time is over
    │   └── TokenNotYetValidError its time has not come
    └── GrantRefusedError         has a `cause`, which the gateway reports
        ├── GrantSignatureError   of the grant or of a policy inside it
        ├── RolledBackError       a policy older than one already seen
        ├── GrantMisaddressedError
        ├── GrantLapsedError
        ├── GrantDatasetError     a dataset the gateway does not have
        ├── GrantVetoedError      the gateway's own veto
        └── GrantPolicyError      the documents do not say what the grant says

What is not the JSON or the document it should be is a `MalformedError` of the contracts' `strict_json`.
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError
from fedpact.contracts.workloads import Cause


class DecisionError(DomainError):
    """The rules refuse."""

    slug: ClassVar[str] = "decision_refused"


class BoundsError(DecisionError):
    """Parameter bounds outside the profile in which bounds can be compared. `path` is the offending member."""

    slug: ClassVar[str] = "bounds_outside_profile"


class KeyFormatError(DecisionError):
    """Not a key this package can use."""

    slug: ClassVar[str] = "key_format"


class SignatureError(DecisionError):
    """The envelope does not prove who signed it."""

    slug: ClassVar[str] = "signature_refused"


class UnsignedError(SignatureError):
    slug: ClassVar[str] = "unsigned"


class PayloadTypeError(SignatureError):
    slug: ClassVar[str] = "payload_type"


class UnknownKeyError(SignatureError):
    slug: ClassVar[str] = "unknown_key"


class BadSignatureError(SignatureError):
    slug: ClassVar[str] = "bad_signature"


class ThresholdError(SignatureError):
    slug: ClassVar[str] = "too_few_signatures"


class TokenError(DecisionError):
    """The token does not vouch for its bearer."""

    slug: ClassVar[str] = "token_refused"


class MalformedTokenError(TokenError):
    slug: ClassVar[str] = "token_malformed"


class UnknownTokenKeyError(TokenError):
    slug: ClassVar[str] = "token_unknown_key"


class ForgedTokenError(TokenError):
    slug: ClassVar[str] = "token_forged"


class WrongIssuerError(TokenError):
    slug: ClassVar[str] = "token_wrong_issuer"


class WrongAudienceError(TokenError):
    slug: ClassVar[str] = "token_wrong_audience"


class TokenExpiredError(TokenError):
    slug: ClassVar[str] = "token_expired"


class TokenNotYetValidError(TokenError):
    slug: ClassVar[str] = "token_not_yet_valid"


class GrantRefusedError(DecisionError):
    """The gateway does not prepare what this grant asks for. `cause` is what it reports to the hub."""

    slug: ClassVar[str] = "grant_refused"
    cause: ClassVar[Cause] = Cause.POLICY


class GrantSignatureError(GrantRefusedError):
    slug: ClassVar[str] = "grant_signature"
    cause: ClassVar[Cause] = Cause.SIGNATURE


class RolledBackError(GrantRefusedError):
    slug: ClassVar[str] = "policy_rolled_back"
    cause: ClassVar[Cause] = Cause.SIGNATURE


class GrantMisaddressedError(GrantRefusedError):
    slug: ClassVar[str] = "grant_misaddressed"


class GrantLapsedError(GrantRefusedError):
    slug: ClassVar[str] = "grant_lapsed"


class GrantDatasetError(GrantRefusedError):
    slug: ClassVar[str] = "grant_dataset"
    cause: ClassVar[Cause] = Cause.DATASET


class GrantVetoedError(GrantRefusedError):
    slug: ClassVar[str] = "grant_vetoed"
    cause: ClassVar[Cause] = Cause.VETO


class GrantPolicyError(GrantRefusedError):
    slug: ClassVar[str] = "grant_exceeds_policy"
