"""
The JWTs a NATS server believes: an operator vouches for accounts, an account (or a key it names) for users.

Written by hand since the form is small and no library for it is kept: claims of version 2, signed with NKeys. What a
user may do is a template in its account, under the key that signs such users: rights change without the user noticing,
and a stolen signing key can make nobody who may do more.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from fedpact.decision.errors import KeyFormatError, TokenError
from fedpact.decision.nkeys import Kind, NKey, verifies

Claims = dict[str, JsonValue]
EVERYBODY: Final = "*"
"""In revocations: all users of the account."""
_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}
_ISSUERS: Final = {"operator": Kind.OPERATOR, "account": Kind.OPERATOR, "user": Kind.ACCOUNT}
_UNLIMITED: Final = {"subs": -1, "data": -1, "payload": -1}
_PARTS: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----\s+(\S+)\s+-+END \1-+")
_CREDENTIALS: Final = """-----BEGIN NATS USER JWT-----
{jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a user may publish and subscribe to; `responds` lets it answer requests."""

    publish: Sequence[str]
    subscribe: Sequence[str]
    responds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """`subject` of the account `account`, under the name `local`. `listens`: messages come out of it."""

    account: str
    subject: str
    local: str
    listens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What accounts of the same operator may import. `streams`: one request may be answered more than once."""

    subject: str
    listens: bool = False
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    One account. Only the operator says which imports it has, so exports are open to all accounts.

    `scopes`: which key signs which kind of user. `revoked`: users (or everybody) whose JWTs up to then are void.
    """

    name: str
    key: str
    imports: Sequence[Import] = ()
    exports: Sequence[Export] = ()
    scopes: Mapping[str, Rights] | None = None
    revoked: Mapping[str, datetime] | None = None
    stores: bool = False
    connections: int = -1


def operator(key: NKey, name: str, *, system_account: str, signing: Sequence[str], now: datetime) -> str:
    """Vouches for itself, and for the keys that sign accounts in its name."""
    claims: Claims = {"type": "operator", "version": 2, "system_account": system_account, "signing_keys": [*signing]}
    return _signed(key, {"name": name, "sub": key.public, "nats": claims}, now)


def account(key: NKey, about: Account, now: datetime) -> str:
    """The operator (or one of its signing keys) vouches for an account."""
    return _signed(key, {"name": about.name, "sub": about.key, "nats": account_claims(about)}, now)


def account_claims(about: Account) -> Claims:
    """What is said about an account, without by whom and when."""
    storage = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1} if about.stores else {}
    limits: Claims = {
        **_UNLIMITED,
        "imports": -1,
        "exports": -1,
        "wildcards": True,
        "conn": about.connections,
        "leaf": about.connections,
        **storage,
    }
    claims: Claims = {"type": "account", "version": 2, "limits": limits, "default_permissions": {"pub": {}, "sub": {}}}
    if about.imports:
        claims["imports"] = [_import(one) for one in about.imports]
    if about.exports:
        claims["exports"] = [_export(one) for one in about.exports]
    if about.scopes:
        claims["signing_keys"] = [_scope(key, rights) for key, rights in about.scopes.items()]
    if about.revoked:
        claims["revocations"] = {user: int(at.timestamp()) for user, at in about.revoked.items()}
    return claims


def user(key: NKey, name: str, public: str, *, account: str, now: datetime, expires: datetime | None = None) -> str:
    """A user with the rights that `account` gives to what is signed with this key."""
    nothing: Claims = {"pub": {}, "sub": {}, "subs": 0, "data": 0, "payload": 0}
    claims: Claims = {"type": "user", "version": 2, "issuer_account": account, **nothing}
    until: Claims = {"exp": int(expires.timestamp())} if expires else {}
    return _signed(key, {"name": name, "sub": public, "nats": claims, **until}, now)


def read(jwt: str) -> Claims:
    """The claims of a JWT that its issuer signed. Whether to believe that issuer is the caller's business."""
    try:
        head, body, signature = jwt.strip().split(".")
        claims: Claims = json.loads(_unpadded(body))
        issuer, kind = str(claims["iss"]), _ISSUERS[str(_nats(claims)["type"])]
        valid = verifies(issuer, kind, f"{head}.{body}".encode(), _unpadded(signature))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenError("this is not a NATS JWT") from error
    if not valid:
        raise TokenError("the signature of this NATS JWT is wrong")
    return claims


def expiry(jwt: str) -> datetime | None:
    """When it ends; `None` when it does not."""
    return _moment(read(jwt).get("exp"))


def issued(jwt: str) -> datetime:
    """When it began."""
    found = _moment(read(jwt).get("iat"))
    if found is None:
        raise TokenError("this NATS JWT does not say when it was issued")
    return found


def credentials(jwt: str, seed: str) -> str:
    """The text of a credentials file, which holds a secret."""
    return _CREDENTIALS.format(jwt=jwt, seed=seed)


def parts(credentials: str) -> tuple[str, NKey]:
    """The JWT and the key in a credentials file."""
    found: dict[str, str] = dict(_PARTS.findall(credentials))
    try:
        return found["NATS USER JWT"], NKey.from_seed(found["USER NKEY SEED"])
    except KeyError as error:
        raise KeyFormatError("this is not a NATS credentials file") from error


def _scope(key: str, rights: Rights) -> Claims:
    template: Claims = {"pub": {"allow": [*rights.publish]}, "sub": {"allow": [*rights.subscribe]}, **_UNLIMITED}
    if rights.responds:
        template["resp"] = {"max": 1, "ttl": 30_000_000_000}
    return {"kind": "user_scope", "key": key, "role": "member", "template": template}


def _import(one: Import) -> Claims:
    said: Claims = {"name": one.subject, "subject": one.subject, "account": one.account, "type": _type(one.listens)}
    return said | ({"local_subject": one.local} if one.local != one.subject else {})


def _export(one: Export) -> Claims:
    said: Claims = {"name": one.subject, "subject": one.subject, "type": _type(one.listens)}
    answers: Claims = {"response_type": "Stream", "response_threshold": 30_000_000_000} if one.streams else {}
    return said | answers


def _type(listens: bool) -> str:  # noqa: FBT001 - one word from one flag
    return "stream" if listens else "service"


def _signed(key: NKey, said: Claims, now: datetime) -> str:
    claims: Claims = {"iat": int(now.timestamp()), "iss": key.public, **said}
    claims["jti"] = sha256(_json(claims)).hexdigest()
    signed = f"{_padless(_json(_HEADER))}.{_padless(_json(claims))}"
    return f"{signed}.{_padless(key.sign(signed.encode()))}"


def _nats(claims: Claims) -> Claims:
    found = claims["nats"]
    if not isinstance(found, dict):
        raise TypeError(found)
    return found


def _moment(seconds: JsonValue) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def _json(value: Mapping[str, JsonValue] | Mapping[str, str]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _padless(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
