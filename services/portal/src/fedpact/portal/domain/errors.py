"""
What the portal itself refuses. What an owning context refuses comes back as its own slug, untouched.

    PortalError
    ├── NotLoggedInError        no bearer token came with the request
    ├── ForbiddenError          none of the viewer's roles allows it
    ├── LoginEndedError         the issuer says no, or the login is over
    ├── ForeignFormError        the form did not come from a page of ours
    ├── WrongChannelError       the token belongs to another channel
    ├── NotVisibleError         it does not exist, or not for this viewer: nobody can tell which
    ├── NotThereError           the same, as the service says that was asked for it
    ├── GoneError               it was there, and is deleted
    ├── RangeError              the part that is asked for lies beyond the file
    ├── MalformedRequestError   body, query or header is not what the API says
    ├── KeyReusedError          the Idempotency-Key came before with another request
    ├── BehindError             the read model has not seen that sequence yet
    ├── RefusedError            the owning context refused a command, in its own words
    ├── DeniedError             a service that was asked says no, and why
    └── CrowdedError            too many listen already
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

from fedpact.contracts.envelope import DomainError


class PortalError(DomainError):
    """The portal does not do what was asked."""

    slug: ClassVar[str] = "refused"


class NotLoggedInError(PortalError):
    """No bearer token came with the request."""

    slug: ClassVar[str] = "unauthenticated"


class ForbiddenError(PortalError):
    """None of the viewer's roles allows it."""

    slug: ClassVar[str] = "forbidden"


class LoginEndedError(PortalError):
    """The issuer says no, or the login is over."""

    slug: ClassVar[str] = "login_ended"


class ForeignFormError(PortalError):
    """The form did not come from a page of ours, or that page is too old."""

    slug: ClassVar[str] = "foreign_form"


class WrongChannelError(PortalError):
    """The token belongs to another channel."""

    slug: ClassVar[str] = "wrong_channel"


class NotVisibleError(PortalError):
    """What may not be seen is told apart from what does not exist by nobody."""

    slug: ClassVar[str] = "not_found"

    def __init__(self, kind: str, key: str, known: Iterable[str] = ()) -> None:
        close = "".join(f"; did you mean `{name}`?" for name in get_close_matches(key, known, n=1))
        look = f": `fedpact {_LISTED[kind]} list` shows those you may" if kind in _LISTED else ": check the id"
        super().__init__(f"there is no {kind} `{key}` that you may see{look}{close}")


_LISTED = {
    "organization": "orgs",
    "user": "users",
    "gateway": "gateways",
    "dataset": "datasets",
    "model": "models",
    "policy": "policies",
    "spec": "specs",
    "job": "jobs",
}


class NotThereError(PortalError):
    slug: ClassVar[str] = "not_found"


class GoneError(PortalError):
    slug: ClassVar[str] = "artifact_deleted"


class RangeError(PortalError):
    slug: ClassVar[str] = "range_not_satisfiable"


class MalformedRequestError(PortalError):
    slug: ClassVar[str] = "malformed"


class KeyReusedError(PortalError):
    slug: ClassVar[str] = "idempotency_key_reused"


class BehindError(PortalError):
    slug: ClassVar[str] = "behind"


class RefusedError(PortalError):
    """The owning context refused a command. `code` is its slug."""

    def __init__(self, code: str, reason: str, path: str) -> None:
        super().__init__(reason, path=path)
        self.code = code


class DeniedError(PortalError):
    slug: ClassVar[str] = "denied"


class CrowdedError(PortalError):
    slug: ClassVar[str] = "too_many_listeners"
