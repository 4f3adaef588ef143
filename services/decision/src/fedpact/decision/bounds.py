"""
Parameter bounds: does a payload keep within them, and is one set of bounds at most another.

The verdict on structure and ranges is jsonschema-rs's, so it is the standard's. Three things are checked here
because JSON Schema is more lenient than a custodian: an integer is one by type (20.0 and `true` are not), a
multiple is one in decimals, and NaN or infinity is never a value. `subsumes` is sound: it may say no to bounds
that are in fact at most the others (an `enum` spelled as a range), never yes to bounds that are not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import jsonschema_rs
from pydantic import JsonValue

from fedpact.contracts import policies, strict_json
from fedpact.contracts.policies import Reason
from fedpact.contracts.strict_json import MalformedError
from fedpact.decision import profile
from fedpact.decision.errors import BoundsError
from fedpact.decision.profile import Node, Scalar, Type, exact
from fedpact.decision.suggestions import nearest, similar

OUT_OF_BOUNDS = "parameter_out_of_bounds"
MISSING = "parameter_missing"
UNKNOWN = "parameter_unknown"

Schema = policies.Bounds
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Compiled bounds."""

    root: Node
    validator: jsonschema_rs.Draft202012Validator


def compile_bounds(schema: Mapping[str, JsonValue]) -> Bounds:
    """`schema` ready for use. Raises `BoundsError` where it leaves the profile."""
    try:
        return _compiled(strict_json.dumps(dict(schema)))
    except ValueError as error:  # NaN, or a text that is none
        raise BoundsError(f"the bounds are not JSON: {error}") from error


def violations(payload: JsonValue, schema: Mapping[str, JsonValue]) -> tuple[Reason, ...]:
    """What in `payload` the bounds do not allow, with the nearest value they do. Empty: within bounds."""
    bounds = compile_bounds(schema)
    if (broken := _not_json(payload)) is not None:
        return (broken,)
    found = {reason.path: reason for reason in _by_type(bounds.root, payload, ())}
    if not bounds.validator.is_valid(payload):
        for error in bounds.validator.iter_errors(payload):
            for reason in _of_error(bounds.root, payload, error):
                found.setdefault(reason.path, reason)
    return tuple(found[path] for path in sorted(found))


def payload_violations(payload: JsonValue, bounds: Iterable[Mapping[str, JsonValue]]) -> tuple[Reason, ...]:
    """What in `payload` any of several custodians' bounds does not allow; it has to keep within each."""
    found: dict[tuple[str, str], Reason] = {}
    for schema in bounds:
        for reason in violations(payload, schema):
            found.setdefault((reason.path, reason.text), reason)
    return tuple(found.values())


def subsumes(outer: Mapping[str, JsonValue], inner: Mapping[str, JsonValue]) -> bool:
    """Whether whatever `inner` allows, `outer` allows too ("inner is at most outer")."""
    return _within(compile_bounds(outer).root, compile_bounds(inner).root)


@lru_cache(maxsize=4096)
def _compiled(text: bytes) -> Bounds:
    try:
        root = profile.parse(strict_json.loads(text))
    except MalformedError as error:
        raise BoundsError(error.reason) from error
    return Bounds(root=root, validator=jsonschema_rs.Draft202012Validator(_standard(root)))


def _standard(node: Node) -> dict[str, JsonValue]:
    """The schema the standard's validator decides on: closed objects, and no `multipleOf` (see `_by_type`)."""
    out: dict[str, JsonValue] = {"type": node.type.value}
    match node.type:
        case Type.OBJECT:
            out["properties"] = {name: _standard(child) for name, child in node.properties.items()}
            out["required"] = list[JsonValue](sorted(node.required))
            out["additionalProperties"] = False
        case Type.ARRAY:
            assert node.items is not None
            out |= {"items": _standard(node.items), "maxItems": node.max_items}
        case _:
            limits: dict[str, JsonValue] = {
                "enum": None if node.values is None else list(node.values),
                "minimum": node.minimum,
                "maximum": node.maximum,
                "exclusiveMinimum": node.exclusive_minimum,
                "exclusiveMaximum": node.exclusive_maximum,
                "maxLength": node.max_length,
            }
            out |= {keyword: limit for keyword, limit in limits.items() if limit is not None}
    return out


def _not_json(payload: JsonValue) -> Reason | None:
    try:
        strict_json.loads(strict_json.dumps(payload))
    except (ValueError, RecursionError, MalformedError) as error:
        return Reason(code=OUT_OF_BOUNDS, text=f"the payload is not JSON: {error}")
    return None


def _by_type(node: Node, value: JsonValue, path: Path) -> Iterator[Reason]:
    match value:
        case dict():
            for name, child in value.items():
                if name in node.properties:
                    yield from _by_type(node.properties[name], child, (*path, name))
        case list() if node.items is not None:
            for index, child in enumerate(value):
                yield from _by_type(node.items, child, (*path, index))
        case float() if node.type is Type.INTEGER:
            yield _reason(path, node, value, "of type `integer`", node.type.value)
        case int() | float() if node.multiple_of is not None and not isinstance(value, bool):
            if exact(value) % exact(node.multiple_of):
                yield _reason(path, node, value, f"a multiple of {node.multiple_of}", node.multiple_of)
        case _:
            return


def _of_error(root: Node, payload: JsonValue, error: jsonschema_rs.ValidationError) -> Iterator[Reason]:
    path = tuple(error.instance_path)
    node = root.at(path)
    assert node is not None, "an error inside an unknown member is reported at the object that holds it"
    kind = jsonschema_rs.ValidationErrorKind
    match error.kind:
        case kind.Required(property=name):
            text = f"the parameter `{dotted((*path, name))}` is missing"
            yield Reason(code=MISSING, text=text, path=dotted((*path, name)), suggestion=f"add `{name}`")
        case kind.AdditionalProperties(unexpected=names):
            for name in names:
                text = f"the parameter `{dotted((*path, name))}` is not one the bounds allow"
                hint = similar(name, node.properties)
                yield Reason(code=UNKNOWN, text=text, path=dotted((*path, name)), suggestion=hint)
        case _:
            wording, expected = _expectation(node, error.kind)
            yield _reason(path, node, _given(payload, path), wording, expected)


def _given(payload: JsonValue, path: Path) -> JsonValue:
    for part in path:
        match payload, part:
            case dict(), str():
                payload = payload[part]
            case list(), int():
                payload = payload[part]
    return payload


def _expectation(node: Node, kind: jsonschema_rs.ValidationErrorKind) -> tuple[str, JsonValue]:
    kinds = jsonschema_rs.ValidationErrorKind
    match kind:
        case kinds.Enum() | kinds.Constant():
            values = list(node.values or ())
            return "one of " + ", ".join(f"`{value}`" for value in values), list[JsonValue](values)
        case kinds.Minimum():
            return f"at least {node.minimum}", node.minimum
        case kinds.Maximum():
            return f"at most {node.maximum}", node.maximum
        case kinds.ExclusiveMinimum():
            return f"greater than {node.exclusive_minimum}", node.exclusive_minimum
        case kinds.ExclusiveMaximum():
            return f"less than {node.exclusive_maximum}", node.exclusive_maximum
        case kinds.MaxLength():
            return f"at most {node.max_length} characters long", node.max_length
        case kinds.MaxItems():
            return f"at most {node.max_items} items long", node.max_items
        case _:
            return f"of type `{node.type}`", node.type.value


def _reason(path: Path, node: Node, given: JsonValue, wording: str, expected: JsonValue) -> Reason:
    name = dotted(path)
    return Reason(
        code=OUT_OF_BOUNDS,
        text=f"the parameter `{name}` must be {wording}" if name else f"the payload must be {wording}",
        path=name,
        expected=expected,
        given=given,
        suggestion=nearest(node, given),
    )


def dotted(path: Path) -> str:
    """A path as people write it: `training.layers.0`."""
    return ".".join(str(part) for part in path)


def _within(outer: Node, inner: Node) -> bool:
    if not (outer.type is inner.type or (outer.type is Type.NUMBER and inner.type is Type.INTEGER)):
        return False
    match inner.type:
        case Type.OBJECT:
            return outer.required <= inner.required and all(
                name in outer.properties and _within(outer.properties[name], child)
                for name, child in inner.properties.items()
            )
        case Type.ARRAY:
            assert outer.items is not None
            assert inner.items is not None
            return inner.max_items <= outer.max_items and (inner.max_items == 0 or _within(outer.items, inner.items))
        case _:
            values = _finite(inner)
            return _range_within(outer, inner) if values is None else all(_admits(outer, value) for value in values)


def _finite(node: Node) -> tuple[Scalar, ...] | None:
    """The values `node` allows, where they can be counted."""
    if node.values is not None:
        return tuple(value for value in node.values if _admits(node, value))
    if node.type is Type.BOOLEAN:
        return (False, True)
    return (None,) if node.type is Type.NULL else None


def _admits(node: Node, value: Scalar) -> bool:
    """Whether a value of the node's type is allowed."""
    if node.values is not None and value not in node.values:
        return False
    if isinstance(value, str):
        return node.max_length is None or len(value) <= node.max_length
    if value is None or isinstance(value, bool):
        return True
    in_range = node.lower <= (value, 0) <= node.upper
    return in_range and (node.multiple_of is None or exact(value) % exact(node.multiple_of) == 0)


def _range_within(outer: Node, inner: Node) -> bool:
    if outer.values is not None:
        return False
    if inner.type is Type.STRING:
        return outer.max_length is None or (inner.max_length is not None and inner.max_length <= outer.max_length)
    return outer.lower <= inner.lower and inner.upper <= outer.upper and _step_within(outer, inner)


def _step_within(outer: Node, inner: Node) -> bool:
    if outer.multiple_of is None:
        return True
    steps = [step for step in (inner.multiple_of, 1 if inner.type is Type.INTEGER else None) if step is not None]
    return any(exact(step) % exact(outer.multiple_of) == 0 for step in steps)
