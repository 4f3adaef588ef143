"""
Addresses: the one string that is authorised and opened.

A raw request target is decoded once, as strict UTF-8, and never normalised: a string that would need it is
refused. What passes has no empty segment, no `.`, no `..` and no control character, so that comparing strings
and opening files cannot disagree about what is meant.

An address is `<dataset id>/`, `<dataset id>/<below>` or, for a dataset in a bucket or mapped so,
`s3://<bucket>/<key>`. Proxies merge slashes, so `s3:/` counts as `s3://`. The trailing slash says folder.
"""

import re
from typing import NewType
from urllib.parse import unquote_to_bytes

from fedpact.dal_service.domain.errors import BadPathError

Address = NewType("Address", str)

LONGEST = 4096
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_S3 = re.compile(rf"s3://?({BUCKET})/(.*)", re.DOTALL)
_NO_NAMES = frozenset({"", ".", ".."})


def parse(target: str, route: str) -> Address:
    """The address in a raw request target, which has to begin with `route` to the letter."""
    path, _, _ = target.partition("?")
    if not path.startswith(route) or "#" in path or _BAD_ESCAPE.search(path):
        raise BadPathError
    try:
        return address(unquote_to_bytes(path[len(route) :].encode("utf-8", "surrogateescape")).decode())
    except UnicodeError as error:
        raise BadPathError from error


def address(text: str) -> Address:
    """`text` as an address, in the one spelling it has."""
    if not text.startswith("s3:/"):
        return Address(_checked(text))
    found = _S3.fullmatch(text)
    if found is None:
        raise BadPathError
    return Address(f"s3://{found[1]}/{found[2] and _checked(found[2])}")


def absolute(text: str) -> str:
    """`text` as a path of this machine or in a bucket, spelled as plainly as an address."""
    if text.startswith("s3:/"):
        return address(text)
    if not text.startswith("/"):
        raise BadPathError
    return f"/{_checked(text[1:])}"


def is_root(text: str) -> bool:
    """Whether `text` could ever cover anything of a dataset."""
    try:
        return text == "" or _checked(text) == text
    except BadPathError:
        return False


def is_name(text: str) -> bool:
    """Whether a folder's entry of this name could ever be asked for."""
    if text.isascii() and text.isprintable():
        return True
    return _CONTROL.search(text) is None and _is_utf8(text)


def is_folder(text: str) -> bool:
    return text.endswith("/")


def in_bucket(path: str) -> bool:
    return path.startswith("s3://")


def holds(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer`, or lies below it when that is a folder. A mere common prefix is not below."""
    return inner == outer or (is_folder(outer) and inner.startswith(outer))


def covered(below: str, root: str) -> bool:
    """Whether what lies `below` a dataset belongs to one of its roots; the empty root is the whole dataset."""
    return root == "" or holds(root, below)


def _checked(text: str) -> str:
    segments = (text[:-1] if is_folder(text) else text).split("/")
    if not _NO_NAMES.isdisjoint(segments) or _CONTROL.search(text) or not _is_utf8(text):
        raise BadPathError
    return text


def _is_utf8(text: str) -> bool:
    try:
        return len(text.encode()) <= LONGEST
    except UnicodeError:
        return False
