"""
Signed tokens (JWT, `alg: Ed25519` of RFC 9864), in the one form that is minted here and no other.

The header has exactly `alg`, `kid` and `typ`: a token cannot name its own algorithm or bring its own key, and
has nothing critical to ignore. The time is an argument; no library reads a clock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode
from pydantic import Field, JsonValue

from fedpact.contracts import strict_json
from fedpact.contracts.envelope import Model
from fedpact.contracts.ids import DatasetId, Id
from fedpact.contracts.strict_json import MalformedError
from fedpact.decision.errors import (
    ForgedTokenError,
    KeyFormatError,
    MalformedTokenError,
    TokenExpiredError,
    TokenNotYetValidError,
    UnknownTokenKeyError,
    WrongAudienceError,
    WrongIssuerError,
)
from fedpact.decision.keys import PrivateKey, PublicKey, keyid, public_pem

ALGORITHM = "Ed25519"
TYPE = "JWT"
MAX_LENGTH = 16_000
LEEWAY = timedelta(seconds=30)
LATEST = 2**48

Claims = dict[str, JsonValue]


class DalClaims(Model):
    """What a DAL token says: which activation may read which datasets below which roots, and how long."""

    iss: Annotated[str, Field(pattern=r"^gateway-agent:[a-z0-9-]{1,40}$")]
    aud: Annotated[str, Field(pattern=r"^dal:[a-z0-9-]{1,40}$")]
    sub: Annotated[str, Field(min_length=1, max_length=128)]
    """The activation."""
    datasets: Annotated[dict[DatasetId, tuple[str, ...]], Field(min_length=1)]
    """Dataset -> roots below it that may be read."""
    iat: int
    nbf: int
    exp: int
    jti: Annotated[str, Field(min_length=1, max_length=64)]

    @staticmethod
    def issuer(gateway: Id) -> str:
        """Who signs the tokens of `gateway`'s DAL."""
        return f"gateway-agent:{gateway}"

    @staticmethod
    def audience(gateway: Id) -> str:
        """Whom those tokens are for."""
        return f"dal:{gateway}"


def mint(claims: Mapping[str, JsonValue], private_key: PrivateKey, kid: str | None = None) -> str:
    """A token that says `claims`; `kid` names the key, its key id when left out."""
    header: dict[str, JsonValue] = {"alg": ALGORITHM, "kid": kid or keyid(private_key), "typ": TYPE}
    key = OKPKey.import_key(private_key)
    return jws.serialize_compact(header, strict_json.dumps(dict(claims)), key, algorithms=[ALGORITHM])


def verify(
    token: str, keys: Mapping[str, PublicKey], *, issuer: str, audience: str, now: datetime, leeway: timedelta = LEEWAY
) -> Claims:
    """What `token` says, if one of `keys` (kid -> key) signed it, `issuer` says it to `audience`, and it is time."""
    claims = _json_object(_payload(token, public_pem(_key(token, keys))))
    _check_parties(claims, issuer, audience)
    _check_times(claims, now, leeway)
    return claims


def jwk_of(key: PublicKey | PrivateKey, kid: str | None = None) -> dict[str, str]:
    """The public key as a member of a JWKS."""
    public = OKPKey.import_key(public_pem(key)).as_dict(private=False)
    return {
        "kty": "OKP",
        "crv": ALGORITHM,
        "x": str(public["x"]),
        "kid": kid or keyid(key),
        "alg": ALGORITHM,
        "use": "sig",
    }


def keys_of(jwks: Mapping[str, JsonValue]) -> dict[str, PublicKey]:
    """The Ed25519 keys of a JWKS under their kids; keys of other kinds are not for us and are left out."""
    found: dict[str, PublicKey] = {}
    members = jwks.get("keys")
    if not isinstance(members, list):
        raise KeyFormatError("this is not a JWKS: it has no list of `keys`")
    for member in members:
        match member:
            case {"kty": "OKP", "crv": "Ed25519", "kid": str(kid), "x": str(x)}:
                found[kid] = _public(x)
            case _:
                continue
    return found


@lru_cache(maxsize=256)
def _payload(token: str, pem: bytes) -> bytes:
    """What the key of `pem` signed. Pure, and remembered: the same token comes again and again."""
    try:
        signed = jws.deserialize_compact(token, OKPKey.import_key(pem), algorithms=[ALGORITHM])
    except BadSignatureError as error:
        raise ForgedTokenError("the token's signature does not fit its content") from error
    except (JoseError, ValueError) as error:
        raise MalformedTokenError("this is not a token") from error
    return signed.payload or b""


@lru_cache(maxsize=64)
def _public(x: str) -> PublicKey:
    try:
        return PublicKey.from_public_bytes(urlsafe_b64decode(x.encode()))
    except ValueError as error:
        raise KeyFormatError("this JWKS holds an Ed25519 key that is none") from error


def _key(token: str, keys: Mapping[str, PublicKey]) -> PublicKey:
    """The key the header names, after the header proved to be of the one form."""
    if len(token) > MAX_LENGTH or token.count(".") != 2:  # noqa: PLR2004 - header, payload, signature
        raise MalformedTokenError("this is not a token of three parts")
    try:
        header = _json_object(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError as error:
        raise MalformedTokenError("the token's header is not base64url") from error
    if header.get("alg") != ALGORITHM or header.keys() != {"alg", "kid", "typ"} or header["typ"] != TYPE:
        raise MalformedTokenError(f"a token's header has `alg: {ALGORITHM}`, `typ: {TYPE}`, a `kid` and nothing else")
    kid = header["kid"]
    if not isinstance(kid, str) or kid not in keys:
        raise UnknownTokenKeyError("the token is signed by a key that is not trusted here")
    return keys[kid]


def _json_object(text: bytes) -> Claims:
    try:
        value = strict_json.loads(text, max_size=MAX_LENGTH)
    except MalformedError as error:
        raise MalformedTokenError(f"the token cannot be read: {error.reason}") from error
    if not isinstance(value, dict):
        raise MalformedTokenError("the token does not hold an object")
    return value


def _check_parties(claims: Claims, issuer: str, audience: str) -> None:
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise MalformedTokenError("the token has no `sub`", path="sub")
    if claims.get("iss") != issuer:
        raise WrongIssuerError(f"the token is not issued by `{issuer}`", path="iss")
    audiences = claims.get("aud")
    named: Sequence[JsonValue] = audiences if isinstance(audiences, list) else [audiences]
    if audience not in named:
        raise WrongAudienceError(f"the token is not for `{audience}`", path="aud")


def _check_times(claims: Claims, now: datetime, leeway: timedelta) -> None:
    expires, issued = _time(claims, "exp"), _time(claims, "iat")
    begins = _time(claims, "nbf") if "nbf" in claims else issued
    at, slack = now.timestamp(), leeway.total_seconds()
    if at >= expires + slack:
        raise TokenExpiredError("the token has expired: log in again", path="exp")
    if at < max(issued, begins) - slack:
        raise TokenNotYetValidError("the token is not valid yet: compare the clocks", path="nbf")


def _time(claims: Claims, name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < LATEST:
        raise MalformedTokenError(f"the token needs `{name}` in whole seconds", path=name)
    return value
