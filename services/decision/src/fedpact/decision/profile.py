"""
The part of JSON Schema in which "A is at most B" can be decided.

Every schema has one type, every object is closed, every list has a length. What is not listed in `KEYWORDS`
is refused with its path, also where JSON Schema would silently ignore it (a `maximum` on a string bounds
nothing). A schema becomes a `Node`, so that nobody downstream reads raw dictionaries.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from pydantic import JsonValue

from fedpact.decision.errors import BoundsError

MAX_DEPTH = 4
MAX_PARAMETERS = 64
MAX_VALUES = 256

Scalar = str | int | float | bool | None
Number = int | float


class Type(StrEnum):
    OBJECT = "object"
    ARRAY = "array"
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"


_CHOICE = frozenset({"type", "enum", "const"})
_RANGE = _CHOICE | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
KEYWORDS: Mapping[Type, frozenset[str]] = {
    Type.OBJECT: frozenset({"type", "properties", "required", "additionalProperties"}),
    Type.ARRAY: frozenset({"type", "items", "maxItems"}),
    Type.STRING: _CHOICE | {"maxLength"},
    Type.INTEGER: _RANGE,
    Type.NUMBER: _RANGE,
    Type.BOOLEAN: _CHOICE,
    Type.NULL: _CHOICE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One schema of the profile. What does not apply to its type is left at its default."""

    type: Type
    values: tuple[Scalar, ...] | None = None
    """The only values allowed (`enum`, `const`); all of them are of `type`."""
    minimum: Number | None = None
    maximum: Number | None = None
    exclusive_minimum: Number | None = None
    exclusive_maximum: Number | None = None
    multiple_of: Number | None = None
    max_length: int | None = None
    max_items: int = 0
    items: "Node | None" = None
    properties: Mapping[str, "Node"]
    required: frozenset[str] = frozenset()

    @property
    def lower(self) -> tuple[Number, int]:
        """The lower end, ordered by how much it refuses; of integers the least one allowed."""
        ends: list[tuple[Number, int]] = [(-math.inf, 0)]
        if self.minimum is not None:
            ends.append((math.ceil(self.minimum) if self.type is Type.INTEGER else self.minimum, 0))
        if self.exclusive_minimum is not None:
            integer = self.type is Type.INTEGER
            ends.append((math.floor(self.exclusive_minimum) + 1, 0) if integer else (self.exclusive_minimum, 1))
        return max(ends)

    @property
    def upper(self) -> tuple[Number, int]:
        """The upper end, ordered by how much it allows; of integers the greatest one allowed."""
        ends: list[tuple[Number, int]] = [(math.inf, 0)]
        if self.maximum is not None:
            ends.append((math.floor(self.maximum) if self.type is Type.INTEGER else self.maximum, 0))
        if self.exclusive_maximum is not None:
            integer = self.type is Type.INTEGER
            ends.append((math.ceil(self.exclusive_maximum) - 1, 0) if integer else (self.exclusive_maximum, -1))
        return min(ends)

    def at(self, path: tuple[str | int, ...]) -> "Node | None":
        """The schema of the member that `path` leads to."""
        node: Node | None = self
        for part in path:
            if node is None:
                return None
            node = node.items if isinstance(part, int) else node.properties.get(part)
        return node


def exact(number: Number) -> Fraction:
    """The decimal a person wrote: 0.3 is three times 0.1, which binary floats are not."""
    return Fraction(str(number))


def is_number(value: object) -> bool:
    """Whether `value` is a finite number, however large; a boolean is none."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def type_of(value: Scalar) -> Type:
    """The narrowest type of `value`: 1.0 is a number, not an integer."""
    match value:
        case None:
            return Type.NULL
        case bool():
            return Type.BOOLEAN
        case str():
            return Type.STRING
        case int():
            return Type.INTEGER
        case float():
            return Type.NUMBER


def parse(schema: JsonValue) -> Node:
    """The node `schema` describes; a payload is an object, so its root is one."""
    node = _node(schema, "", 1)
    if node.type is not Type.OBJECT:
        raise BoundsError(f"the bounds of a payload are of type `object`, not `{node.type}`", path="type")
    if (count := _parameters(node)) > MAX_PARAMETERS:
        raise BoundsError(f"the bounds name {count} parameters, at most {MAX_PARAMETERS} are allowed")
    return node


def _parameters(node: Node) -> int:
    inner = sum(1 + _parameters(child) for child in node.properties.values())
    return inner + (_parameters(node.items) if node.items else 0)


def _node(schema: JsonValue, path: str, depth: int) -> Node:
    if not isinstance(schema, dict):
        raise BoundsError(f"`{path or 'bounds'}` is not a schema: write an object with a `type`", path=path)
    if depth > MAX_DEPTH:
        raise BoundsError(f"`{path}` is nested too deeply: at most {MAX_DEPTH} levels are allowed", path=path)
    kind = _type(schema, path)
    for keyword in schema:
        if keyword not in KEYWORDS[kind]:
            allowed = ", ".join(sorted(KEYWORDS[kind]))
            raise BoundsError(f"`{keyword}` is not allowed for type `{kind}`: use {allowed}", path=_join(path, keyword))
    match kind:
        case Type.OBJECT:
            return _object(schema, path, depth)
        case Type.ARRAY:
            return _array(schema, path, depth)
        case _:
            return _scalar(kind, schema, path)


def _type(schema: dict[str, JsonValue], path: str) -> Type:
    given = schema.get("type")
    if given is None and "type" not in schema:
        return _type_of_values(schema, path)
    try:
        return Type(given)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        names = ", ".join(Type)
        raise BoundsError(f"`type` is one of {names}", path=_join(path, "type")) from None


def _type_of_values(schema: dict[str, JsonValue], path: str) -> Type:
    """Without a type the values have to agree on one: a `maximum` alone would let every string pass."""
    values = _values(schema, path)
    if values is None:
        raise BoundsError("a schema needs a `type` (or the values it allows as `enum`)", path=path)
    types = {type_of(value) for value in values}
    if types == {Type.INTEGER, Type.NUMBER}:
        return Type.NUMBER
    if len(types) > 1:
        raise BoundsError("the values of `enum` are of several types: use one", path=_join(path, "enum"))
    return types.pop()


def _values(schema: dict[str, JsonValue], path: str) -> tuple[Scalar, ...] | None:
    if "enum" in schema and "const" in schema:
        raise BoundsError("`enum` and `const` together say twice what is allowed: use one", path=_join(path, "const"))
    keyword = "const" if "const" in schema else "enum"
    if keyword not in schema:
        return None
    where = _join(path, keyword)
    values = [schema["const"]] if keyword == "const" else schema["enum"]
    if not isinstance(values, list) or not 0 < len(values) <= MAX_VALUES:
        raise BoundsError(f"`{keyword}` is a list of 1 to {MAX_VALUES} values", path=where)
    found: list[Scalar] = []
    for value in values:
        if isinstance(value, list | dict) or (isinstance(value, float) and not math.isfinite(value)):
            raise BoundsError(f"`{keyword}` holds texts, finite numbers, booleans or null only", path=where)
        found.append(value)
    return tuple(found)


def _object(schema: dict[str, JsonValue], path: str, depth: int) -> Node:
    if schema.get("additionalProperties", False) is not False:
        where = _join(path, "additionalProperties")
        raise BoundsError("`additionalProperties` is always false: name every parameter in `properties`", path=where)
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    if not isinstance(properties, dict):
        raise BoundsError("`properties` is an object of schemas", path=_join(path, "properties"))
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise BoundsError("`required` is a list of names", path=_join(path, "required"))
    names = frozenset(name for name in required if isinstance(name, str))
    for name in sorted(names - properties.keys()):
        raise BoundsError(f"`required` names `{name}`, which `properties` lacks", path=_join(path, "required"))
    nodes = {
        name: _node(child, _join(_join(path, "properties"), name), depth + 1) for name, child in properties.items()
    }
    return Node(type=Type.OBJECT, properties=nodes, required=names)


def _array(schema: dict[str, JsonValue], path: str, depth: int) -> Node:
    for keyword in ("items", "maxItems"):
        if keyword not in schema:
            raise BoundsError(f"a list needs `{keyword}`", path=_join(path, keyword))
    return Node(
        type=Type.ARRAY,
        max_items=_count(schema, "maxItems", path) or 0,
        items=_node(schema["items"], _join(path, "items"), depth + 1),
        properties={},
    )


def _scalar(kind: Type, schema: dict[str, JsonValue], path: str) -> Node:
    values = _values(schema, path)
    for value in values or ():
        found = type_of(value)
        if found is not kind and not (kind is Type.NUMBER and found is Type.INTEGER):
            raise BoundsError(f"`{value}` is not of type `{kind}`, so nothing could satisfy it", path=path)
    step = _number(schema, "multipleOf", path)
    if step is not None and step <= 0:
        raise BoundsError("`multipleOf` is greater than zero", path=_join(path, "multipleOf"))
    return Node(
        type=kind,
        values=values,
        minimum=_number(schema, "minimum", path),
        maximum=_number(schema, "maximum", path),
        exclusive_minimum=_number(schema, "exclusiveMinimum", path),
        exclusive_maximum=_number(schema, "exclusiveMaximum", path),
        multiple_of=step,
        max_length=_count(schema, "maxLength", path),
        properties={},
    )


def _number(schema: dict[str, JsonValue], keyword: str, path: str) -> Number | None:
    if keyword not in schema:
        return None
    value = schema[keyword]
    if not isinstance(value, int | float) or not is_number(value):
        raise BoundsError(f"`{keyword}` is a finite number", path=_join(path, keyword))
    return value


def _count(schema: dict[str, JsonValue], keyword: str, path: str) -> int | None:
    if keyword not in schema:
        return None
    value = schema[keyword]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BoundsError(f"`{keyword}` is a whole number, zero or more", path=_join(path, keyword))
    return value


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part
