"""
Expected refusals of identity, one tree.

    IdentityError
    ├── NotAllowedError                the actor's roles do not reach that far
    ├── UnknownOrganizationError       register it first
    ├── UnknownUserError
    ├── AlreadyRegisteredError         the id is taken, with other content
    ├── NoProviderError                nobody but identity itself says who people are
    ├── SelfLockoutError               nobody takes away their own way back in
    ├── UnknownGatewayError            register it first
    ├── FixedKeyError                  the gateway's key comes from the hub's setup
    ├── InvalidInvitationError         the token is worth nothing, or no longer
    ├── NotEnrolledError               no credentials that could be renewed
    └── OAuthError                     slug = the error code of the RFC
        ├── InvalidRequestError        RFC 6749
        ├── InvalidClientError         RFC 6749
        ├── InvalidGrantError          RFC 6749
        │   └── UntrustedTokenError    what the identity provider signed is not for us, not now, or not signed
        ├── UnauthorizedClientError    RFC 6749
        ├── UnsupportedGrantTypeError  RFC 6749
        ├── UnsupportedTokenTypeError  RFC 7009
        ├── AuthorizationPendingError  RFC 8628
        ├── SlowDownError              RFC 8628
        ├── ExpiredTokenError          RFC 8628
        ├── AccessDeniedError          RFC 8628
        │   └── NotAdmittedError       the identity provider vouches for somebody who has no place here
        └── InvalidTokenError          RFC 6750
"""

from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class IdentityError(DomainError):
    """Identity refuses."""

    slug: ClassVar[str] = "identity_refused"


class NotAllowedError(IdentityError):
    """The actor's roles do not reach that far."""

    slug: ClassVar[str] = "not_allowed"


class UnknownOrganizationError(IdentityError):
    """Nobody registered that organization."""

    slug: ClassVar[str] = "unknown_organization"


class UnknownUserError(IdentityError):
    """Nobody registered that user, as far as the actor may know."""

    slug: ClassVar[str] = "unknown_user"


class AlreadyRegisteredError(IdentityError):
    """The id is taken, with other content."""

    slug: ClassVar[str] = "already_registered"


class NoProviderError(IdentityError):
    """Nobody but identity itself says who people are."""

    slug: ClassVar[str] = "no_provider"


class SelfLockoutError(IdentityError):
    """Nobody takes away their own way back in."""

    slug: ClassVar[str] = "self_lockout"


class UnknownGatewayError(IdentityError):
    """Nobody registered that gateway, or it was never invited."""

    slug: ClassVar[str] = "unknown_gateway"


class FixedKeyError(IdentityError):
    """The gateway's key comes from the hub's setup, not from an enrolment."""

    slug: ClassVar[str] = "fixed_key"


class InvalidInvitationError(IdentityError):
    """The token is worth nothing, or no longer."""

    slug: ClassVar[str] = "invalid_invitation"


class NotEnrolledError(IdentityError):
    """Whoever asks for the next credentials has none that are good."""

    slug: ClassVar[str] = "not_enrolled"


class OAuthError(IdentityError):
    """A refusal with a code that OAuth clients know. The slug is that code."""

    slug: ClassVar[str] = "invalid_request"


class InvalidRequestError(OAuthError):
    """A parameter is missing, repeated or malformed."""


class InvalidClientError(OAuthError):
    """The client did not prove who it is, or is not known."""

    slug: ClassVar[str] = "invalid_client"


class InvalidGrantError(OAuthError):
    """The code or token presented is worth nothing, or no longer."""

    slug: ClassVar[str] = "invalid_grant"


class UntrustedTokenError(InvalidGrantError):
    """What came from the identity provider is not for us, not for now, or not signed by it."""


class UnauthorizedClientError(OAuthError):
    """The client may not use this grant here."""

    slug: ClassVar[str] = "unauthorized_client"


class UnsupportedGrantTypeError(OAuthError):
    """No such grant here."""

    slug: ClassVar[str] = "unsupported_grant_type"


class UnsupportedTokenTypeError(OAuthError):
    """Tokens of this type cannot be revoked."""

    slug: ClassVar[str] = "unsupported_token_type"


class AuthorizationPendingError(OAuthError):
    """The person has not decided yet."""

    slug: ClassVar[str] = "authorization_pending"


class SlowDownError(OAuthError):
    """The person has not decided yet, and the device asks too often."""

    slug: ClassVar[str] = "slow_down"


class ExpiredTokenError(OAuthError):
    """The person did not decide in time."""

    slug: ClassVar[str] = "expired_token"


class AccessDeniedError(OAuthError):
    """The person said no."""

    slug: ClassVar[str] = "access_denied"


class NotAdmittedError(AccessDeniedError):
    """The identity provider vouches for somebody who has no place here."""


class InvalidTokenError(OAuthError):
    """The access token does not vouch for its bearer."""

    slug: ClassVar[str] = "invalid_token"
