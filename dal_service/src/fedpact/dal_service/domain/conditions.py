"""
Conditional and partial requests (RFC 9110 §13 and §14), for strong validators and a single range.

A range that is not of the one strict form is ignored, as the standard allows: the answer is then the whole
object. Several ranges are not served, so nobody can ask for a thousand overlapping ones.
"""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})?|bytes=-([0-9]{1,18})")
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The headers as they came, `None` where there was none; repeated ones joined by commas."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_range: str | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """All of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes from `start`."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class NotModified:
    """The client has it already."""


@dataclass(frozen=True, slots=True)
class Changed:
    """It is not what the client thinks it is."""


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """The range lies behind the end."""


Answer = Whole | Part | NotModified | Changed | Unsatisfiable


def etag(mtime_ns: int, size: int, ino: int) -> str:
    """A strong validator: it changes whenever the content could have."""
    return f'"{mtime_ns:x}-{size:x}-{ino:x}"'


def judge(asked: Conditions, tag: str, size: int) -> Answer:
    """What to answer for an object of this `tag` and `size`, in the standard's order of precedence."""
    if asked.if_match is not None and not _named(asked.if_match, tag, weak=False):
        return Changed()
    if asked.if_none_match is not None and _named(asked.if_none_match, tag, weak=True):
        return NotModified()
    if asked.range is None or (asked.if_range is not None and asked.if_range.strip() != tag):
        return Whole()
    return _part(asked.range, size)


def _named(field: str, tag: str, *, weak: bool) -> bool:
    if field.strip() == "*":
        return True
    return any(value == tag and (weak or not prefix) for prefix, value in _TAG.findall(field))


def _part(field: str, size: int) -> Answer:
    found = _RANGE.fullmatch(field)
    if found is None:
        return Whole()
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), size if last is None else min(size, int(last) + 1)
        if last is not None and int(last) < start:
            return Whole()
    return Part(start, end - start) if start < end else Unsatisfiable()
