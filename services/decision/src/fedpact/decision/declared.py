"""
Declared parameters: what a spec fixes, every payload of its jobs has.

They choose the rule that covers the spec, so a payload with other values would run under a rule chosen for something
else.
"""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from fedpact.contracts.policies import Reason
from fedpact.contracts.strict_json import dumps

DIFFERS = "differs_from_declared"


def departures(
    payload: Mapping[str, JsonValue], declared: Mapping[str, JsonValue] | None, spec: str
) -> Iterator[Reason]:
    """A reason for every parameter that `payload` of `spec` has otherwise than declared, or not at all."""
    for name, value in (declared or {}).items():
        if name not in payload or not same(payload[name], value):
            yield _departure(payload, name, value, spec)


def _departure(payload: Mapping[str, JsonValue], name: str, value: JsonValue, spec: str) -> Reason:
    has = f"has `{_spelled(payload[name])}`" if name in payload else "lacks it"
    return Reason(
        code=DIFFERS,
        text=f"`{spec}` declares `{name}` = `{_spelled(value)}`, the payload {has}",
        path=name,
        expected=value,
        given=payload.get(name),
        suggestion="send what it declares, or create a spec without it",
    )


def _spelled(value: JsonValue) -> str:
    return dumps(value).decode()


def same(one: JsonValue, other: JsonValue) -> bool:
    """Whether both are one value of JSON: `1` is `1.0`, and is not `true`."""
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case dict(), dict():
            return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
        case list(), list():
            return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
        case _:
            return one == other
