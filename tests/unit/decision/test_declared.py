"""What a spec declares, every payload of it has, as JSON compares."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.decision.declared import DIFFERS, departures, same

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (False, 0, False),
        (0.0, False, False),
        (None, False, False),
        (True, True, True),
        ("1", 1, False),
        ([1, True], [1, 1], False),
        ([1], [1, 2], False),
        ({"a": {"b": 1}}, {"a": {"b": 1.0}}, True),
        ({"a": {"b": 1}}, {"a": {"b": True}}, False),
        ({"a": None}, {}, False),
        ([], {}, False),
    ],
)
def test_values_are_compared_as_json_does(one, other, equal):
    assert same(one, other) is same(other, one) is equal


@given(VALUES)
def test_a_value_is_itself_after_a_journey(value):
    assert same(value, json.loads(json.dumps(value)))


def test_every_departure_is_told_with_what_is_declared():
    declared = {"rounds": 5, "shuffle": 1, "seed": None, "layers": [8, 4]}
    found = list(departures({"rounds": 5, "shuffle": True, "layers": [8, 4], "more": 1}, declared, "s-1"))
    assert [(reason.code, reason.path) for reason in found] == [(DIFFERS, "shuffle"), (DIFFERS, "seed")]
    assert [reason.text for reason in found] == [
        "`s-1` declares `shuffle` = `1`, the payload has `true`",
        "`s-1` declares `seed` = `null`, the payload lacks it",
    ]


@pytest.mark.parametrize("declared", [None, {}])
def test_what_declares_nothing_binds_nothing(declared):
    assert not list(departures({"rounds": 5}, declared, "s-1"))
