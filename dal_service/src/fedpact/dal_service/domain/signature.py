"""
AWS Signature Version 4, for requests without a body.

What a bucket's server may believe of a request is signed: method, host, path, query and every header given here.
The secret key is used here and told nowhere; a value that holds it does not print it.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
NO_BODY = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    key_id: str
    secret: str = field(repr=False)
    session: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` and `query` as they are meant; `target` is their one encoding, the same on the wire and when signed."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        query = _query(self.query)
        return f"{quote(self.path)}?{query}" if query else quote(self.path)


def signed(request: Request, credentials: Credentials, region: str, now: datetime) -> dict[str, str]:
    """All headers to send with `request`, the signature among them."""
    moment = f"{now:%Y%m%dT%H%M%SZ}"
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    headers |= {"host": request.host, "x-amz-content-sha256": NO_BODY, "x-amz-date": moment}
    if credentials.session:
        headers["x-amz-security-token"] = credentials.session
    names = ";".join(sorted(headers))
    lines = [request.method, quote(request.path), _query(request.query)]
    lines += [f"{name}:{headers[name]}" for name in sorted(headers)]
    canonical = "\n".join([*lines, "", names, NO_BODY])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join([ALGORITHM, moment, scope, sha256(canonical.encode()).hexdigest()])
    signature = _mac(_key(credentials.secret, scope), text).hex()
    proof = f"{ALGORITHM} Credential={credentials.key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": proof}


def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _query(query: Mapping[str, str]) -> str:
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)
