"""Payloads just outside a schema: what a model's code has to refuse by itself."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

UNKNOWN = "no-such-member"
_TEXT = "no-such-value"


def forbidden(
    schema: Mapping[str, JsonValue], example: Mapping[str, JsonValue]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """The example with one member changed, and which. Not each of them has to be outside: whoever uses them looks."""
    yield UNKNOWN, {**example, UNKNOWN: 1}
    members = schema.get("properties")
    for member, about in members.items() if isinstance(members, dict) else ():
        for value in _beyond(about) if isinstance(about, dict) else ():
            yield member, {**example, member: value}


def _beyond(about: Mapping[str, JsonValue]) -> Iterator[JsonValue]:
    match about.get("type"):
        case "integer" | "number":
            yield from _beyond_number(about)
        case "string":
            yield 1
            yield _TEXT
            longest = about.get("maxLength")
            if isinstance(longest, int):
                yield "x" * (longest + 1)
        case "array":
            yield _TEXT
            yield [{}]
        case _:
            yield _TEXT
    yield None


def _beyond_number(about: Mapping[str, JsonValue]) -> Iterator[JsonValue]:
    yield _TEXT
    yield True
    for limit, step in (("minimum", -1), ("exclusiveMinimum", -1), ("maximum", 1), ("exclusiveMaximum", 1)):
        value = about.get(limit)
        if isinstance(value, int | float):
            yield value + step
