import math

import pytest
from decision_values import LR_BOUNDS
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fedpact.decision.bounds import compile_bounds, payload_violations, subsumes, violations
from fedpact.decision.errors import BoundsError


def one(**schema):
    """Bounds of a payload with one parameter `x`."""
    return {"type": "object", "properties": {"x": schema}}


def ok(x, **schema):
    return violations({"x": x}, one(**schema)) == ()


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, [0, -3, 10**30], [20.0, True, "1", None, [1]]),
        ({"type": "number"}, [0, 1.5], [True, "1", math.nan, math.inf, -math.inf]),
        ({"type": "boolean"}, [True, False], [0, 1, "true"]),
        ({"type": "null"}, [None], [0, "", False]),
        ({"type": "integer", "minimum": 1, "maximum": 3}, [1, 3], [0, 4, 2.0]),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, [0.5, 1e-300], [0, 1, -1]),
        ({"type": "number", "multipleOf": 0.1}, [0.3, 0.7, 1.1, 2], [0.35, 1e-17]),
        ({"type": "integer", "multipleOf": 5}, [0, -5, 10**20], [3]),
        ({"enum": ["adam", "sgd"]}, ["adam"], ["Adam", "", None]),
        ({"enum": [1, 2]}, [1, 2], [1.0, True, 3]),
        ({"enum": [1, 0.5]}, [1, 1.0, 0.5], [True, 2]),
        ({"const": True}, [True], [1, 1.0, "true", False]),
        ({"const": 0}, [0], [False, 0.0]),
        ({"type": "string", "maxLength": 2}, ["", "ab", "\U0001f600b"], ["abc", "\ud800", 3]),
        ({"type": "array", "maxItems": 2, "items": {"type": "integer"}}, [[], [1, 2]], [[1, 2, 3], [1.0], [[1]], {}]),
        ({"type": "object"}, [{}], [{"y": 1}, []]),
    ],
)
def test_each_keyword_bounds_what_it_names(schema, good, bad):
    assert [x for x in good if not ok(x, **schema)] == []
    assert [x for x in bad if ok(x, **schema)] == []


def test_a_member_that_no_property_names_is_refused_at_every_level():
    schema = {"type": "object", "properties": {"o": one(type="integer")}}
    assert [r.path for r in violations({"o": {"y": 1}, "z": 2}, schema)] == ["o.y", "z"]


@pytest.mark.parametrize(
    "limits", [{"maximum": 9}, {"enum": [1, 2]}, {"multipleOf": 7, "maximum": 10**300}, {"maximum": 0.5}]
)
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_a_number_larger_than_any_float_is_compared_all_the_same(kind, limits):
    assert not ok(10**400, type=kind, **limits)
    assert ok(10**400, type=kind, minimum=-(10**400), multipleOf=10)


def test_a_violation_says_where_what_is_expected_and_the_nearest_value():
    (reason,) = violations({"rounds": 80}, LR_BOUNDS)
    assert (reason.code, reason.path, reason.expected, reason.given, reason.suggestion) == (
        "parameter_out_of_bounds",
        "rounds",
        50,
        80,
        "use `50`",
    )
    assert reason.text == "the parameter `rounds` must be at most 50"


def test_a_missing_and_an_unknown_parameter_say_what_to_do():
    missing, unknown = violations({"round": 3}, LR_BOUNDS)[::-1]
    assert (missing.code, missing.path, missing.suggestion) == ("parameter_missing", "rounds", "add `rounds`")
    assert (unknown.code, unknown.path, unknown.suggestion) == ("parameter_unknown", "round", "use `rounds`")


@pytest.mark.parametrize(
    ("schema", "given", "suggestion"),
    [
        ({"type": "number", "maximum": 0.1}, 0.5, "use `0.1`"),
        ({"type": "number", "exclusiveMaximum": 0.1}, 0.5, "use a value below `0.1`"),
        ({"type": "number", "exclusiveMinimum": 0}, -1, "use a value above `0`"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 0.1}, 0.5, "use `0.1`"),
        ({"type": "integer", "exclusiveMaximum": 10}, 10, "use `9`"),
        ({"type": "integer", "maximum": 9.5}, 12, "use `9`"),
        ({"type": "integer", "maximum": 100, "multipleOf": 8}, 1000, "use `96`"),
        ({"type": "integer", "multipleOf": 8}, 13, "use `16`"),
        ({"type": "number", "multipleOf": 0.1}, 0.34, "use `0.3`"),
        ({"type": "integer"}, 20.0, "use `20`"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, 9, None),
        ({"type": "number", "minimum": 5, "maximum": 4}, 9, None),
        ({"enum": ["adam", "sgd"]}, "adamw", "use `adam`"),
        ({"enum": [1, 2, 4, 8]}, 7, "use `8`"),
        ({"const": False}, True, "use `False`"),
        ({"type": "string", "maxLength": 3}, "abcd", "shorten it to 3 characters"),
        ({"type": "array", "maxItems": 1, "items": {"type": "null"}}, [None, None], "shorten it to 1 items"),
        ({"type": "integer"}, "7", None),
    ],
)
def test_the_suggestion_is_the_nearest_allowed_value(schema, given, suggestion):
    (reason,) = violations({"x": given}, one(**schema))
    assert reason.suggestion == suggestion


def test_a_payload_keeps_within_every_custodian_s_bounds():
    reasons = payload_violations(
        {"x": 7}, [one(type="integer", maximum=9), one(type="integer", maximum=5), one(type="integer", maximum=5)]
    )
    assert [r.expected for r in reasons] == [5]


def test_a_payload_is_an_object():
    assert [r.text for r in violations([1], LR_BOUNDS)] == ["the payload must be of type `object`"]


def test_a_bottomless_payload_is_refused():
    payload = []
    for _ in range(5000):
        payload = [payload]
    assert not ok(payload, type="integer")


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ({"type": "integer", "maximum": 10}, {"type": "integer", "maximum": 10}, True),
        ({"type": "integer", "maximum": 10}, {"type": "integer", "maximum": 11}, False),
        ({"type": "integer", "maximum": 10}, {"type": "integer"}, False),
        ({"type": "integer", "maximum": 10}, {"type": "integer", "exclusiveMaximum": 11}, True),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}, True),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": -1}, False),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 0}, False),
        ({"type": "number", "minimum": 0.5}, {"type": "number", "maximum": 9}, False),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0}, False),
        ({"type": "number", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0}, True),
        ({"type": "number", "exclusiveMaximum": 1}, {"type": "number", "maximum": 1}, False),
        ({"type": "number", "maximum": 1}, {"type": "number", "exclusiveMaximum": 1}, True),
        ({"type": "number"}, {"type": "integer"}, True),
        ({"type": "integer"}, {"type": "number"}, False),
        ({"type": "integer"}, {"type": "number", "enum": [1]}, False),
        ({"type": "number", "multipleOf": 0.1}, {"type": "number", "multipleOf": 0.3}, True),
        ({"type": "number", "multipleOf": 0.3}, {"type": "number", "multipleOf": 0.1}, False),
        ({"type": "number", "multipleOf": 0.5}, {"type": "integer"}, True),
        ({"enum": ["a", "b"]}, {"enum": ["b"]}, True),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, False),
        ({"enum": ["a"]}, {"type": "string", "maxLength": 1}, False),
        ({"type": "string", "maxLength": 2}, {"enum": ["ab", "a"]}, True),
        ({"type": "string", "maxLength": 2}, {"enum": ["abc"]}, False),
        ({"type": "integer", "maximum": 3}, {"const": 4}, False),
        ({"enum": [True, False]}, {"type": "boolean"}, True),
        ({"const": True}, {"type": "boolean"}, False),
        ({"const": None}, {"type": "null"}, True),
        (
            {"type": "array", "maxItems": 2, "items": {"type": "number"}},
            {"type": "array", "maxItems": 1, "items": {"type": "integer"}},
            True,
        ),
        (
            {"type": "array", "maxItems": 1, "items": {"type": "number"}},
            {"type": "array", "maxItems": 2, "items": {"type": "integer"}},
            False,
        ),
        (
            {"type": "array", "maxItems": 1, "items": {"type": "null"}},
            {"type": "array", "maxItems": 0, "items": {"type": "string"}},
            True,
        ),
        ({"type": "object"}, {"type": "object", "properties": {"y": {"type": "null"}}}, False),
        (
            {"type": "object", "properties": {"y": {"type": "null"}}, "required": ["y"]},
            {"type": "object", "properties": {"y": {"type": "null"}}},
            False,
        ),
        (
            {"type": "object", "properties": {"y": {"type": "null"}}},
            {"type": "object", "properties": {"y": {"type": "null"}}, "required": ["y"]},
            True,
        ),
    ],
)
def test_bounds_at_most_others(outer, inner, expected):
    assert subsumes(one(**outer), one(**inner)) is expected


NUMBERS = st.integers(-6, 6) | st.sampled_from([-1.5, -0.1, 0.1, 0.3, 0.5, 2.0, 2.5])
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "exclusiveMinimum": NUMBERS,
        "exclusiveMaximum": NUMBERS,
        "multipleOf": st.sampled_from([0.1, 0.3, 0.5, 1, 2, 3, 1.5]),
        "enum": st.lists(st.integers(-3, 3), min_size=1, max_size=3),
    },
)
LEAVES = st.one_of(
    LIMITS.map(lambda limits: {"type": "integer", **limits}),
    LIMITS.map(lambda limits: {"type": "number", **limits}),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "maxLength": st.integers(0, 3),
            "enum": st.lists(st.sampled_from(["", "a", "ab", "abc"]), min_size=1),
        },
    ),
    st.fixed_dictionaries({"enum": st.lists(NUMBERS, min_size=1, max_size=4)}),
    st.sampled_from([{"type": "boolean"}, {"const": True}, {"type": "null"}, {"const": None}]),
)
NODES = LEAVES | st.builds(
    lambda items, size: {"type": "array", "items": items, "maxItems": size}, LEAVES, st.integers(0, 2)
)
OBJECTS = st.builds(
    lambda properties, required: {
        "type": "object",
        "properties": properties,
        "required": sorted(required & properties.keys()),
    },
    st.dictionaries(st.sampled_from(["a", "b"]), NODES, max_size=2),
    st.frozensets(st.sampled_from(["a", "b"])),
)
SCALARS = NUMBERS | st.booleans() | st.none() | st.sampled_from(["", "a", "ab", "abc"])
PAYLOADS = st.dictionaries(st.sampled_from(["a", "b"]), SCALARS | st.lists(SCALARS, max_size=3), max_size=2)
WITNESSES = [
    *range(-7, 8),
    -6.5,
    -1.5,
    -0.1,
    0.1,
    0.25,
    0.3,
    0.5,
    0.9,
    1.0,
    2.0,
    2.5,
    6.5,
    True,
    False,
    None,
    "",
    "a",
    "ab",
    "abc",
    "abcd",
]


def within(payload, schema):
    return violations(payload, schema) == ()


@settings(max_examples=200)
@given(outer=LEAVES, inner=LEAVES)
def test_what_narrower_bounds_allow_the_wider_allow_too(outer, inner):
    try:
        narrower = subsumes(one(**outer), one(**inner))
    except BoundsError:
        return
    if narrower:
        assert [x for x in WITNESSES if ok(x, **inner) and not ok(x, **outer)] == []


@settings(max_examples=100)
@given(outer=OBJECTS, inner=OBJECTS, payloads=st.lists(PAYLOADS, min_size=1, max_size=6))
def test_the_same_holds_for_whole_payloads(outer, inner, payloads):
    try:
        narrower = subsumes(outer, inner)
    except BoundsError:
        return
    if narrower:
        assert [p for p in payloads if within(p, inner) and not within(p, outer)] == []


@settings(max_examples=100)
@given(OBJECTS)
def test_bounds_are_at_most_themselves(schema):
    try:
        compile_bounds(schema)
    except BoundsError:
        return
    assert subsumes(schema, schema)


@settings(max_examples=100)
@given(schema=OBJECTS, payload=PAYLOADS)
def test_we_allow_nothing_that_an_independent_validator_refuses(schema, payload):
    try:
        allowed = within(payload, schema)
    except BoundsError:
        return
    if allowed:
        reference = Draft202012Validator(_without_steps({**schema, "additionalProperties": False}))
        assert reference.is_valid(payload)


def _without_steps(schema):
    """Binary floats make the reference refuse 0.3 as a multiple of 0.1."""
    if isinstance(schema, dict):
        return {k: _without_steps(v) for k, v in schema.items() if k != "multipleOf"}
    return schema
