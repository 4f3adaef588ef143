"""
The nearest value that would have been allowed, in words.

A refusal tells the person what to do; the nearest allowed value is the least they have to change.
"""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from fractions import Fraction

from pydantic import JsonValue

from fedpact.decision.profile import Node, Number, Type, exact, is_number


def nearest(node: Node, given: JsonValue) -> str | None:
    """What to write instead of `given` to satisfy `node`; `None` when nothing lies near."""
    if node.values is not None:
        return _nearest_value(node, given)
    if node.type in {Type.INTEGER, Type.NUMBER} and isinstance(given, int | float) and is_number(given):
        return _nearest_number(node, given)
    if node.type is Type.STRING and isinstance(given, str):
        return f"shorten it to {node.max_length} characters"
    if node.type is Type.ARRAY and isinstance(given, list):
        return f"shorten it to {node.max_items} items"
    return None


def similar(name: str, names: Iterable[str]) -> str:
    """What to do with a parameter nobody knows."""
    close = get_close_matches(name, sorted(names), n=1)
    return f"use `{close[0]}`" if close else f"remove `{name}`"


def _nearest_value(node: Node, given: JsonValue) -> str | None:
    assert node.values is not None
    if isinstance(given, str):
        close = get_close_matches(given, [value for value in node.values if isinstance(value, str)], n=1, cutoff=0)
        return f"use `{close[0]}`" if close else None
    numbers = [value for value in node.values if isinstance(value, int | float) and is_number(value)]
    if isinstance(given, int | float) and is_number(given) and numbers:
        return f"use `{min(numbers, key=lambda value: abs(exact(value) - exact(given)))}`"
    return f"use `{node.values[0]}`" if len(node.values) == 1 else None


def _nearest_number(node: Node, given: Number) -> str | None:
    step = _step(node)
    if step is None:
        return _nearest_end(node, given)
    (low, low_open), (high, high_open) = node.lower, node.upper
    clamped = exact(min(max(given, low), high))
    candidate = round(clamped / step) * step
    if low != -math.inf and (candidate < exact(low) or (low_open and candidate == exact(low))):
        candidate += step
    if high != math.inf and (candidate > exact(high) or (high_open and candidate == exact(high))):
        candidate -= step
    value = int(candidate) if candidate.denominator == 1 else float(candidate)
    fits = node.lower <= (value, 0) <= node.upper and (node.type is Type.NUMBER or isinstance(value, int))
    return f"use `{value}`" if fits else None


def _nearest_end(node: Node, given: Number) -> str | None:
    (low, low_open), (high, high_open) = node.lower, node.upper
    if low > high:
        return None
    if given <= low:
        return f"use a value above `{low}`" if low_open else f"use `{low}`"
    return f"use a value below `{high}`" if high_open else f"use `{high}`"


def _step(node: Node) -> Fraction | None:
    if node.multiple_of is not None:
        return exact(node.multiple_of)
    return Fraction(1) if node.type is Type.INTEGER else None
