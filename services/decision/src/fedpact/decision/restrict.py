"""
The most restrictive of several custodians' permissions and privacy controls, and what is "no wider".

A permission allows, so fewer and smaller is stricter; one that a custodian does not name is not given. A privacy
control protects, so more and larger is stricter, a noise or a minimum; unless its name says that it limits: a
maximum, or a budget such as an epsilon, protects the more the smaller it is. The direction is in the name because
every door has to know it, and none may have to take it from the hub. A control that only one custodian names holds
for all. Lists name what is allowed in both. What cannot be ordered, two different texts, is no permission and a
conflict of controls.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from fedpact.contracts.policies import Permissions
from fedpact.contracts.strict_json import dumps

_BUDGETS = frozenset({"epsilon", "delta", "budget"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """The controls that hold, and the names of those on which custodians contradict each other."""

    controls: Permissions
    conflicts: tuple[str, ...] = ()


def strictest_permissions(several: Iterable[Mapping[str, JsonValue]]) -> Permissions:
    """What every one of `several` permits."""
    each = list(several)
    if not each:
        return {}
    out = dict(each[0])
    for other in each[1:]:
        out = _common(out, other)
    return out


def strictest_privacy(several: Iterable[Mapping[str, JsonValue]]) -> Privacy:
    """What satisfies every one of `several`."""
    out: Permissions = {}
    conflicts: list[str] = []
    for controls in several:
        out = _united(out, controls, conflicts, "")
    return Privacy(controls=out, conflicts=tuple(sorted(set(conflicts))))


def limits(control: str) -> bool:
    """Whether a smaller number of the control protects more, as in `max_queries` or `dp_epsilon`."""
    words = [word.lower() for word in _WORD.findall(control)]
    return words[:1] == ["max"] or (words[:1] != ["min"] and not _BUDGETS.isdisjoint(words))


def no_wider(inner: Mapping[str, JsonValue], outer: Mapping[str, JsonValue]) -> bool:
    """Whether `inner` permits nothing that `outer` does not."""
    return all(name in outer and _no_wider(value, outer[name]) for name, value in inner.items())


def no_weaker(inner: Mapping[str, JsonValue], outer: Mapping[str, JsonValue]) -> bool:
    """Whether `inner` protects at least as `outer` asks."""
    return all(name in inner and _no_weaker(name, inner[name], value) for name, value in outer.items())


def _common(one: Mapping[str, JsonValue], other: Mapping[str, JsonValue]) -> Permissions:
    out: Permissions = {}
    for name in sorted(one.keys() & other.keys()):
        match one[name], other[name]:
            case dict() as a, dict() as b:
                out[name] = _common(a, b)
            case a, b if (both := _both(a, b, flag=_and, number=min)) is not None:
                out[name] = both[0]
            case _:
                pass  # texts that differ permit nothing together
    return out


def _united(
    one: Mapping[str, JsonValue], other: Mapping[str, JsonValue], conflicts: list[str], path: str
) -> Permissions:
    out: Permissions = {**one, **other}
    for name in sorted(one.keys() & other.keys()):
        where = f"{path}.{name}" if path else name
        match one[name], other[name]:
            case dict() as a, dict() as b:
                out[name] = _united(a, b, conflicts, where)
            case a, b if (both := _both(a, b, flag=_or, number=min if limits(name) else max)) is not None:
                out[name] = both[0]
            case _:
                conflicts.append(where)
    return out


def _both(
    a: JsonValue,
    b: JsonValue,
    *,
    flag: Callable[[bool, bool], bool],
    number: Callable[[int | float, int | float], int | float],
) -> tuple[JsonValue] | None:
    """The stricter of two values, in a tuple since it may be null; `None` where neither is stricter."""
    match a, b:
        case bool(), bool():
            return (flag(a, b),)
        case (bool(), _) | (_, bool()):
            return None
        case ((int() | float()), (int() | float())):
            return (number(a, b),)
        case list(), list():
            kept = {dumps(item) for item in b}
            return ([item for item in a if dumps(item) in kept],)
        case _:
            return (a,) if dumps(a) == dumps(b) else None


def _no_wider(inner: JsonValue, outer: JsonValue) -> bool:
    match inner, outer:
        case dict(), dict():
            return no_wider(inner, outer)
        case bool(), bool():
            return outer or not inner
        case (bool(), _) | (_, bool()):
            return False
        case ((int() | float()), (int() | float())):
            return inner <= outer
        case _:
            return _same_or_fewer(inner, outer)


def _no_weaker(name: str, inner: JsonValue, outer: JsonValue) -> bool:
    match inner, outer:
        case dict(), dict():
            return no_weaker(inner, outer)
        case bool(), bool():
            return inner or not outer
        case (bool(), _) | (_, bool()):
            return False
        case ((int() | float()), (int() | float())):
            return inner <= outer if limits(name) else inner >= outer
        case _:
            return _same_or_fewer(inner, outer)


def _same_or_fewer(inner: JsonValue, outer: JsonValue) -> bool:
    if isinstance(inner, list) and isinstance(outer, list):
        return {dumps(item) for item in inner} <= {dumps(item) for item in outer}
    return dumps(inner) == dumps(outer)


def _and(a: bool, b: bool) -> bool:  # noqa: FBT001 - the operator as a function
    return a and b


def _or(a: bool, b: bool) -> bool:  # noqa: FBT001 - the operator as a function
    return a or b
