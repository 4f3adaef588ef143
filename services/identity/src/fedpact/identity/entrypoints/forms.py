"""How OAuth requests are read and refused: form bodies, client credentials, error bodies (RFC 6749, 5.2 and 2.3.1)."""

import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus, urlsplit

from aiohttp import BasicAuth, web
from aiohttp.typedefs import Handler

from fedpact.contracts.statuses import status_of
from fedpact.identity.domain.errors import (
    AccessDeniedError,
    InvalidClientError,
    InvalidRequestError,
    InvalidTokenError,
    OAuthError,
)
from fedpact.identity.domain.network import is_loopback

Form = Mapping[str, str]
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGES = {
    InvalidClientError.slug: 'Basic realm="fedpact"',
    InvalidTokenError.slug: 'Bearer realm="fedpact", error="invalid_token"',
}


def oauth(handler: Handler) -> Handler:
    """`handler`, whose refusals are told the way OAuth clients read them."""

    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except OAuthError as error:
            return refusal(error)

    return told


def refusal(error: OAuthError) -> web.Response:
    """The error body of `error`."""
    body = {"error": error.slug, "error_description": error.reason}
    challenge = {"WWW-Authenticate": _CHALLENGES[error.slug]} if error.slug in _CHALLENGES else {}
    return web.json_response(body, status=status_of(error.slug), headers=NO_STORE | challenge)


async def read(request: web.Request) -> Form:
    """The parameters of a form body, each once; an empty one counts as left out."""
    if request.content_type != FORM:
        raise InvalidRequestError(f"send the parameters as `{FORM}`")
    try:
        posted = await request.post()
    except (ValueError, LookupError) as error:
        raise InvalidRequestError("the form is not readable text") from error
    if len(set(posted)) != len(posted):
        raise InvalidRequestError("a parameter is given twice")
    return {name: value for name, value in posted.items() if isinstance(value, str) and value}


def required(form: Form, name: str) -> str:
    """The parameter `name`, which must be there."""
    if name not in form:
        raise InvalidRequestError(f"the parameter `{name}` is missing")
    return form[name]


def client_credentials(request: web.Request, form: Form) -> tuple[str, str]:
    """Client id and secret, from the Authorization header or the body, never both."""
    header = request.headers.get("Authorization")
    if header is None:
        if "client_id" not in form or "client_secret" not in form:
            raise InvalidClientError("this grant needs `client_id` and `client_secret`, or HTTP Basic")
        return form["client_id"], form["client_secret"]
    if "client_secret" in form:
        raise InvalidRequestError("the client secret is given twice: in the header and in the body")
    try:
        basic = BasicAuth.decode(header, encoding="utf-8")
    except (ValueError, binascii.Error) as error:
        raise InvalidClientError("the header `Authorization` is not HTTP Basic") from error
    return unquote_plus(basic.login), unquote_plus(basic.password)


def bearer(request: web.Request) -> str:
    """The access token of the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidTokenError("an access token is needed: `Authorization: Bearer ...`")
    return token.strip()


def from_this_machine(request: web.Request) -> None:
    """
    Refuse what another site's page makes a browser on this machine send.

    The host must be this machine by name (so no foreign name was pointed at it), the page that asks must be ours.
    """
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign or not is_loopback(request.url.host or ""):
        raise AccessDeniedError("logging in without a password works on this machine only: use http://127.0.0.1")


def from_own_page(request: web.Request, public_url: str) -> None:
    """Refuse a form that another site's page sends: browsers say where a form is from."""
    own = urlsplit(public_url)
    if request.headers.get("Origin") != f"{own.scheme}://{own.netloc}":
        raise AccessDeniedError(f"this form has to come from a page of {public_url}: open it there")
