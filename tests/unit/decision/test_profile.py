import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.decision.bounds import compile_bounds, violations
from fedpact.decision.errors import BoundsError


def lists(**items):
    return {"type": "array", "maxItems": 3, "items": items}


def objects(**properties):
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({}, ""),
        ({"type": "integer"}, "type"),
        ({"type": ["object", "null"]}, "type"),
        ({"type": "object", "additionalProperties": True}, "additionalProperties"),
        ({"type": "object", "additionalProperties": {}}, "additionalProperties"),
        ({"type": "object", "patternProperties": {}}, "patternProperties"),
        ({"type": "object", "required": ["x"]}, "required"),
        ({"type": "object", "required": "x"}, "required"),
        ({"type": "object", "properties": []}, "properties"),
        ({"$ref": "#", "type": "object"}, "$ref"),
        (objects(x={"type": "string", "pattern": "a+"}), "properties.x.pattern"),
        (objects(x={"anyOf": []}), "properties.x"),
        (objects(x={"maximum": 3}), "properties.x"),
        (objects(x=True), "properties.x"),
        (objects(x={"type": "string", "maximum": 3}), "properties.x.maximum"),
        (objects(x={"type": "integer", "maximum": "3"}), "properties.x.maximum"),
        (objects(x={"type": "integer", "maximum": True}), "properties.x.maximum"),
        (objects(x={"type": "integer", "multipleOf": 0}), "properties.x.multipleOf"),
        (objects(x={"type": "string", "maxLength": -1}), "properties.x.maxLength"),
        (objects(x={"type": "string", "maxLength": 1.0}), "properties.x.maxLength"),
        (objects(x={"enum": []}), "properties.x.enum"),
        (objects(x={"enum": "adam"}), "properties.x.enum"),
        (objects(x={"enum": [1, "a"]}), "properties.x.enum"),
        (objects(x={"enum": [[1]]}), "properties.x.enum"),
        (objects(x={"enum": [1], "const": 1}), "properties.x.const"),
        (objects(x={"type": "integer", "enum": [1.0]}), "properties.x"),
        (objects(x={"type": "integer", "const": True}), "properties.x"),
        (objects(x={"type": "array", "items": {"type": "null"}}), "properties.x.maxItems"),
        (objects(x={"type": "array", "maxItems": 3}), "properties.x.items"),
        (
            objects(
                x=lists(type="array", maxItems=1, items={"type": "array", "maxItems": 1, "items": {"type": "null"}})
            ),
            "properties.x.items.items.items",
        ),
    ],
)
def test_what_leaves_the_profile_is_refused_with_its_path(schema, path):
    with pytest.raises(BoundsError) as refusal:
        compile_bounds(schema)
    assert refusal.value.path == path


def test_a_limit_that_is_no_number_is_refused():
    with pytest.raises(BoundsError, match="not JSON"):
        compile_bounds(objects(x={"type": "number", "maximum": math.nan}))


def test_four_levels_are_the_deepest():
    compile_bounds(objects(a=objects(b=objects(c={"type": "null"}))))
    with pytest.raises(BoundsError, match="nested"):
        compile_bounds(objects(a=objects(b=objects(c=objects(d={"type": "null"})))))


def test_sixty_four_parameters_are_the_most_wherever_they_sit():
    many = {f"p{n}": {"type": "null"} for n in range(63)}
    compile_bounds(objects(inner=objects(**many)))
    with pytest.raises(BoundsError, match="65 parameters"):
        compile_bounds(objects(inner=objects(**many, last={"type": "null"})))


def test_the_same_schema_is_compiled_once():
    assert compile_bounds(objects(x={"const": 1})) is compile_bounds(objects(x={"const": 1}))
    assert compile_bounds(objects(x={"const": 1})) is not compile_bounds(objects(x={"const": True}))


KEYWORDS = ["type", "enum", "properties", "items", "maxItems", "maximum", "required", "not"]
JUNK = [None, True, 0, -1, 1.5, math.nan, "", "object", "array", "integer", [], ["x"], {}, {"x": {}}, {"x": None}]


@given(st.dictionaries(st.sampled_from(KEYWORDS), st.sampled_from(JUNK)))
def test_any_schema_compiles_or_is_refused_and_nothing_else(schema):
    try:
        compile_bounds(schema)
    except BoundsError:
        return
    assert violations("not an object", schema)
