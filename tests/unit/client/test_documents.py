"""A document means the same to its author, to whoever signs it, and to whoever reads it."""

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fedpact.client import InputError
from fedpact.client.documents import as_document, read_document, read_value, value_of
from fedpact.contracts.pact import Resources, SpecContent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(JSON)
def test_json_is_yaml_and_means_the_same(value) -> None:
    text = json.dumps(value)
    assert value_of(text, "it") == value_of(text, "it", as_json=True) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("2026-01-01", "2026-01-01"), ("0x10", "0x10"), ("1_000", "1_000"), ("012", "012"),
        (".nan", ".nan"), ("true", True), ("~", None), ("", None), ("1", 1), ("-1.5e3", -1500.0), ("1:30", "1:30"),
    ],
)  # fmt: skip
def test_a_plain_word_is_a_word_unless_json_knows_it(text: str, value) -> None:
    assert value_of(f"a: {text}", "it") == {"a": value}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "`a` is named twice in line 2"),
        ("a:\n  b: 1\n  b: 1", "`b` is named twice in line 3"),
        ("1: a", "the key `1` is not text"),
        ("a: [", "neither JSON nor YAML"),
        ("!!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("--- a\n--- b", "expected a single document"),
    ],
)
def test_what_has_two_meanings_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        value_of(text, "it")


def test_a_number_too_large_to_be_one_is_refused() -> None:
    assert math.isinf(float("1e999"))
    for as_json in (True, False):
        with pytest.raises(InputError):
            value_of('{"a": 1e999}', "it", as_json=as_json)


def test_json_files_are_json_only(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("a: 1")
    with pytest.raises(InputError, match="not JSON"):
        read_value(tmp_path / "a.json")


def test_a_wrong_member_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"cpu": -1}))
    with pytest.raises(InputError, match=r"a.yaml` is wrong at `cpu`: input should be greater than 0"):
        read_document(Resources, tmp_path / "a.yaml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.yaml` cannot be read \(no such file or directory\): check the path"):
        read_value(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a text file"):
        read_value(tmp_path / "bytes.yaml")


def test_a_mistyped_member_is_named_before_the_one_that_is_missing_for_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"cpuz": 1, "memory": 1}))
    with pytest.raises(InputError, match=r"is wrong at `cpuz`: nothing of that name belongs here: leave it out"):
        read_document(Resources, tmp_path / "a.yaml")


def test_what_is_wrong_with_the_whole_is_told_without_pydantics_words() -> None:
    twice = {"datasets": ["a_g_o", "a_g_o"], "model": {"id": "m", "version": "1.0.0"}}
    with pytest.raises(InputError, match=r"^`the spec` is wrong: a dataset is named twice$"):
        as_document(SpecContent, twice, "the spec")
