"""
JSON with one meaning only.

Two parsers that disagree about a document are a way around a signature or a bound: duplicate keys, NaN, lone
surrogates and bottomless nesting are refused before anybody looks at the content.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar, Never, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from fedpact.contracts.envelope import DomainError
from fedpact.contracts.mistakes import first_misfit

MAX_DEPTH = 32
MAX_SIZE = 4_000_000

M = TypeVar("M", bound=BaseModel)


class MalformedError(DomainError):
    """The bytes are not what they claim to be; nothing was read from them."""

    slug: ClassVar[str] = "malformed"


def loads(text: bytes | str, *, max_size: int = MAX_SIZE) -> JsonValue:
    """The value that `text` spells, if there is no doubt about it."""
    decoded = _decoded(text, max_size)
    try:
        value: JsonValue = json.loads(
            decoded, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float
        )
    except RecursionError:
        raise MalformedError(f"this is nested too deeply: at most {MAX_DEPTH} levels are read") from None
    except ValueError as error:  # JSONDecodeError, and integers of thousands of digits
        raise MalformedError(f"this is not JSON: {error}") from error
    _check_values(value)
    return value


def dumps(value: JsonValue) -> bytes:
    """One spelling of `value`: sorted keys, no spaces. To produce and to compare, never to verify."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parsed(model: type[M], text: bytes | str) -> M:
    """The `model` that `text` spells."""
    try:
        return model.model_validate(loads(text))
    except ValidationError as error:
        first = first_misfit(error)
        reason = f"this is not a valid {model.__name__}: `{first.path or 'document'}`: {first.text}"
        raise MalformedError(reason, path=first.path) from error


def _decoded(text: bytes | str, max_size: int) -> str:
    try:
        raw = text.encode() if isinstance(text, str) else text
        decoded = raw.decode()
    except UnicodeError as error:
        raise MalformedError("this is not JSON: the text is not UTF-8") from error
    if len(raw) > max_size:
        raise MalformedError(f"this is too large: {len(raw)} bytes, at most {max_size} are read")
    return decoded


def _check_values(value: JsonValue) -> None:
    """Level by level, so that no nesting can exhaust the stack."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise MalformedError(f"this is nested too deeply: at most {MAX_DEPTH} levels are read")


def _children(item: JsonValue) -> Iterable[JsonValue]:
    match item:
        case dict():
            return (*item.keys(), *item.values())
        case list():
            return item
        case str() if not item.isascii() and any("\ud800" <= char <= "\udfff" for char in item):
            raise MalformedError("this holds half a character (a lone surrogate)")
        case _:
            return ()


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise MalformedError(f"this names `{twice}` twice in one object")
    return found


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedError(f"this holds a number too large to be one: `{text}`")
    return number


def _refuse_constant(name: str) -> Never:
    raise MalformedError(f"this holds `{name}`, which is not a number in JSON")
