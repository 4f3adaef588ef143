"""Files a model's template may return."""

import json

import pytest

from fedpact.secure_runtime.domain.errors import ModelFaultError, RenderLimitError
from fedpact.secure_runtime.domain.files import FileLimits, job_files

LIMITS = FileLimits(files=2, size=100)


def test_text_stays_and_a_dictionary_becomes_json() -> None:
    files = job_files({"meta.json": {"a": [1]}, "app/config/x.json": " as it is "}, LIMITS)
    assert json.loads(files["meta.json"]) == {"a": [1]}
    assert files["app/config/x.json"] == " as it is "


def test_a_second_pass_changes_nothing() -> None:
    once = job_files({"meta.json": {"a": 1}}, LIMITS)
    assert job_files(once, LIMITS) == once


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../x", "a//b", "./a", "", "a/", ".hidden", "a\\b", "a\n", "ä", 1]
)
def test_a_name_that_is_no_plain_relative_path_is_a_fault(name: object) -> None:
    with pytest.raises(ModelFaultError, match="plain relative path"):
        job_files({name: ""}, LIMITS)


@pytest.mark.parametrize("content", [b"bytes", 1, None, ["list"], {"x": object()}, {"x": float("nan")}])
def test_content_that_is_neither_text_nor_json_is_a_fault(content: object) -> None:
    with pytest.raises(ModelFaultError):
        job_files({"a": content}, LIMITS)


@pytest.mark.parametrize("raw", [{"a": "", "b": "", "c": ""}, {"a": "x" * 101}, {"a": "ä" * 51}])
def test_too_many_files_or_bytes_are_refused(raw: dict) -> None:
    with pytest.raises(RenderLimitError):
        job_files(raw, LIMITS)


def test_an_answer_that_is_no_dictionary_is_a_fault() -> None:
    with pytest.raises(ModelFaultError, match="`list`"):
        job_files([], LIMITS)
