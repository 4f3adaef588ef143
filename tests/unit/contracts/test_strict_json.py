import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts import strict_json
from fedpact.contracts.pact import ModelRef
from fedpact.contracts.strict_json import MalformedError

TEXTS = st.text('aé\U0001f600"\\\n[{', max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert strict_json.loads(strict_json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("NaN", "NaN"),
        ("[-Infinity]", "-Infinity"),
        ("1e999", "1e999"),
        ('{"lr": 1, "lr": 2}', "`lr` twice"),
        ('{"a": {"x": 1, "y": 2, "x": 1}}', "`x` twice"),
        ('{"lr": 1, "\\u006cr": 2}', "`lr` twice"),
        (b'"\xff"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('"\\ud800"', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ("\ud800", "UTF-8"),
        ("{", "not JSON"),
        ("", "not JSON"),
        ("{} {}", "not JSON"),
        ("1" * 5000, "not JSON"),
        ("[" * 33 + "]" * 33, "nested"),
        ("[" * 100_000, "nested"),
    ],
)
def test_json_with_two_meanings_or_none_is_refused(text, told):
    with pytest.raises(MalformedError, match=told):
        strict_json.loads(text)


def test_thirty_two_levels_are_the_deepest():
    assert strict_json.loads("[" * 32 + "]" * 32)


def test_brackets_inside_texts_do_not_nest():
    assert strict_json.loads('"' + "[" * 100 + '"') == "[" * 100


def test_a_surrogate_pair_is_one_character():
    assert strict_json.loads('"\\ud83d\\ude00"') == "\U0001f600"


def test_the_size_limit_counts_bytes():
    assert strict_json.loads('"é"', max_size=4) == "é"
    with pytest.raises(MalformedError, match="5 bytes, at most 4"):
        strict_json.loads('"éa"', max_size=4)


def test_a_document_that_is_not_its_model_is_refused_with_the_path():
    with pytest.raises(MalformedError) as refusal:
        strict_json.parsed(ModelRef, '{"id": "m", "version": "one"}')
    assert refusal.value.path == "version"
