"""
Buckets a custodian allows, and what their servers say.

An answer is XML of somebody else's making: no document types, nothing but leaves that are looked for, and a key
counts only if it lies below the prefix that was asked for and can be asked for itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit
from xml.parsers import expat

from fedpact.dal_service.domain.errors import BucketRefusesError, BucketSilentError
from fedpact.dal_service.domain.paths import is_folder, is_root
from fedpact.dal_service.domain.signature import Request

PAGE = 1000
"""Keys of one answer: no server gives more."""
LONGEST_KEY = 1024
"""In bytes. No object has a longer one, and servers are not agreed on what to say of it."""
_CODE = re.compile(r"[A-Za-z]{1,64}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_ROW = "ListBucketResult/Contents/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket is, and which files say who reads it."""

    name: str
    endpoint: str
    region: str
    virtual: bool
    """Whether the bucket is part of the server's name, not of the path."""
    credentials: Path
    ca: Path | None = None

    @property
    def origin(self) -> str:
        """What comes before a request's target."""
        return f"{urlsplit(self.endpoint).scheme}://{self.host}"

    @property
    def host(self) -> str:
        host = urlsplit(self.endpoint).netloc
        return f"{self.name}.{host}" if self.virtual else host

    def of_object(self, method: str, key: str, headers: Mapping[str, str]) -> Request:
        """A request for one object."""
        path = f"/{key}" if self.virtual else f"/{self.name}/{key}"
        return Request(method=method, host=self.host, path=path, headers=headers)

    def listing(self, prefix: str, after: str | None, most: int = PAGE) -> Request:
        """A request for one page of the keys that begin with `prefix`."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(most), "encoding-type": "url"}
        if after is not None:
            query["continuation-token"] = after
        return Request(method="GET", host=self.host, path="/" if self.virtual else f"/{self.name}", query=query)


def split(path: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of a path `s3://bucket/key`."""
    bucket, _, key = path.removeprefix("s3://").partition("/")
    return bucket, key


@dataclass(frozen=True, slots=True)
class Page:
    """Keys with their sizes, and where the next page begins."""

    sizes: Mapping[str, int]
    more: str | None = None


def page(body: bytes, prefix: str) -> Page:
    """One page of a listing; `BucketSilentError` when it is not one."""
    keys: list[str] = []
    sizes: list[int] = []
    said: dict[str, str] = {}
    for place, text in _leaves(body):
        match place.removeprefix(_ROW):
            case "Key":
                keys.append(text)
            case "Size" if text.isascii() and text.isdigit():
                sizes.append(int(text))
            case other:
                said[other] = text
    more = said.get("ListBucketResult/NextContinuationToken")
    truncated = said.get("ListBucketResult/IsTruncated")
    if truncated not in {"true", "false"} or len(keys) != len(sizes) or (truncated == "true" and not more):
        raise BucketSilentError("gives a listing that is none")
    if said.get("ListBucketResult/EncodingType") == "url":
        keys = [_decoded(key) for key in keys]
    found = {key: size for key, size in zip(keys, sizes, strict=True) if key.startswith(prefix)}
    return Page(found, more if truncated == "true" else None)


def names(keys: Iterable[str], prefix: str) -> set[str]:
    """Everything below `prefix`, by its name from there, and the folders that keys imply."""
    found: set[str] = set()
    for key in keys:
        below = key[len(prefix) :]
        if not below or not is_root(below):
            continue
        end = below.find("/")
        while end >= 0:
            found.add(below[: end + 1])
            end = below.find("/", end + 1)
        found.add(below)
    return found


def objects(sizes: Mapping[str, int], prefix: str) -> dict[str, int]:
    """Those keys that a listing names as objects."""
    told = names(sizes, prefix)
    return {key: size for key, size in sizes.items() if not is_folder(key) and key[len(prefix) :] in told}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a server answered instead. `code` is empty where it said no more than a status."""

    status: int
    code: str = ""
    region: str = field(default="")

    @classmethod
    def read(cls, status: int, body: bytes, region: str) -> "Refusal":
        """Of an answer's body only the code counts: its text may repeat what was sent."""
        try:
            said = dict(_leaves(body))
        except BucketSilentError:
            said = {}
        code, region = said.get("Error/Code", ""), region or said.get("Error/Region", "")
        return cls(
            status=status,
            code=code if _CODE.fullmatch(code) else "",
            region=region if _REGION.fullmatch(region) else "",
        )

    @property
    def passing(self) -> bool:
        """Whether it may answer otherwise in a moment."""
        return self.status >= 500 or self.status == 429 or self.code in _PASSING  # noqa: PLR2004


_PASSING = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"})
_ADVICE = {
    "InvalidAccessKeyId": "does not know the key id: put a valid one into the credentials file",
    "SignatureDoesNotMatch": "refuses the signature: check the secret key in the credentials file",
    "RequestTimeTooSkewed": "says that this machine's clock is wrong: set it, and keep it set by NTP",
    "ExpiredToken": "says that the session token has ended: put a new one into the credentials file",
    "InvalidToken": "refuses the session token: put a valid one into the credentials file",
    "NoSuchBucket": "has no bucket of that name: check the name, the endpoint and the style",
    "AllAccessDisabled": "has closed the bucket: ask whom it belongs to",
}


def advice(refusal: Refusal) -> BucketRefusesError:
    """Why a server refuses, with what to do about it."""
    if refusal.code in _ADVICE:
        return BucketRefusesError(_ADVICE[refusal.code])
    told = f"{refusal.status} {refusal.code}".rstrip()
    if 300 <= refusal.status < 400 or refusal.code == "AuthorizationHeaderMalformed":  # noqa: PLR2004
        if refusal.region:
            return BucketRefusesError(f"says that the bucket is in region `{refusal.region}`: set `region`")
        return BucketRefusesError(f"points elsewhere ({told}): check endpoint, region and style")
    return BucketRefusesError(f"refuses ({told}): check that the key may list the bucket and read its objects")


def _decoded(key: str) -> str:
    return unquote_to_bytes(key.replace("+", " ")).decode(errors="surrogateescape")


def _leaves(body: bytes) -> Iterator[tuple[str, str]]:
    """Every element that holds text alone, by its place, such as `Error/Code`."""
    found: list[tuple[str, str]] = []
    places: list[str] = []
    texts: list[str] = []

    def start(name: str, _: Mapping[str, str]) -> None:
        places.append(name.rpartition(":")[2])
        texts.clear()

    def end(_: str) -> None:
        found.append(("/".join(places), "".join(texts)))
        places.pop()
        texts.clear()

    def refuse(*_: object) -> None:
        raise BucketSilentError("answers with a document type, which no such server does")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = texts.append, refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BucketSilentError("answers with something that is not XML") from error
    return iter(found)
