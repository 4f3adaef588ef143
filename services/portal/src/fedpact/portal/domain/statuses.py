"""
Which HTTP status a refusal has. The slug is the contract; the status only helps generic clients.

Exact slugs first, then the words that owning contexts build theirs from, then 409: the request was understood and
what it is about does not allow it.
"""

from collections.abc import Mapping
from http import HTTPStatus

STATUS_OF: Mapping[str, int] = {
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "login_ended": HTTPStatus.UNAUTHORIZED,
    "wrong_channel": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "expired": HTTPStatus.REQUEST_TIMEOUT,
    "denied": HTTPStatus.CONFLICT,
    "idempotency_key_reused": HTTPStatus.CONFLICT,
    "behind": HTTPStatus.SERVICE_UNAVAILABLE,
    "artifact_deleted": HTTPStatus.GONE,
    "range_not_satisfiable": HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "too_many_listeners": HTTPStatus.SERVICE_UNAVAILABLE,
    "malformed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "same_gateway": HTTPStatus.UNPROCESSABLE_ENTITY,
    "policy_document": HTTPStatus.UNPROCESSABLE_ENTITY,
    "policy_rule": HTTPStatus.UNPROCESSABLE_ENTITY,
    "policy_scope": HTTPStatus.UNPROCESSABLE_ENTITY,
    "policy_window": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown_control": HTTPStatus.UNPROCESSABLE_ENTITY,
    "bounds_outside_profile": HTTPStatus.UNPROCESSABLE_ENTITY,
    "key_format": HTTPStatus.UNPROCESSABLE_ENTITY,
    "payload_type": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unsigned": HTTPStatus.UNPROCESSABLE_ENTITY,
    "bad_signature": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown_key": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_few_signatures": HTTPStatus.UNPROCESSABLE_ENTITY,
    "token_refused": HTTPStatus.UNAUTHORIZED,
    "token_malformed": HTTPStatus.UNAUTHORIZED,
    "token_unknown_key": HTTPStatus.UNAUTHORIZED,
    "token_forged": HTTPStatus.UNAUTHORIZED,
    "token_wrong_issuer": HTTPStatus.UNAUTHORIZED,
    "token_wrong_audience": HTTPStatus.UNAUTHORIZED,
    "token_expired": HTTPStatus.UNAUTHORIZED,
    "token_not_yet_valid": HTTPStatus.UNAUTHORIZED,
}

_BEGINNINGS: tuple[tuple[str, int], ...] = (
    ("unknown_", HTTPStatus.NOT_FOUND),
    ("no_such_", HTTPStatus.NOT_FOUND),
    ("malformed", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("invalid_", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("forbidden", HTTPStatus.FORBIDDEN),
    ("not_allowed", HTTPStatus.FORBIDDEN),
    ("not_permitted", HTTPStatus.FORBIDDEN),
    ("not_owner", HTTPStatus.FORBIDDEN),
    ("not_creator", HTTPStatus.FORBIDDEN),
    ("not_publisher", HTTPStatus.FORBIDDEN),
    ("missing_role", HTTPStatus.FORBIDDEN),
    ("wrong_role", HTTPStatus.FORBIDDEN),
    ("wrong_organization", HTTPStatus.FORBIDDEN),
    ("foreign_", HTTPStatus.FORBIDDEN),
    ("unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
)
_ENDINGS: tuple[tuple[str, int], ...] = (
    ("_not_found", HTTPStatus.NOT_FOUND),
    ("_unknown", HTTPStatus.NOT_FOUND),
    ("_malformed", HTTPStatus.UNPROCESSABLE_ENTITY),
    ("_forbidden", HTTPStatus.FORBIDDEN),
    ("_not_allowed", HTTPStatus.FORBIDDEN),
    ("_required", HTTPStatus.FORBIDDEN),
)


def status_of(slug: str) -> int:
    """The HTTP status of a refusal with that slug."""
    if slug in STATUS_OF:
        return int(STATUS_OF[slug])
    for beginning, status in _BEGINNINGS:
        if slug.startswith(beginning):
            return int(status)
    for ending, status in _ENDINGS:
        if slug.endswith(ending):
            return int(status)
    return int(HTTPStatus.CONFLICT)
