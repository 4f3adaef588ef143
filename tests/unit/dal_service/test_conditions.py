"""Ranges and preconditions, as RFC 9110 orders them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.dal_service.domain.conditions import (
    Answer,
    Changed,
    Conditions,
    NotModified,
    Part,
    Unsatisfiable,
    Whole,
    etag,
    judge,
)

TAG = etag(1, 100, 7)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-9", Part(0, 10)),
        ("bytes=90-", Part(90, 10)),
        ("bytes=-10", Part(90, 10)),
        ("bytes=-1000", Part(0, 100)),
        ("bytes=0-999999", Part(0, 100)),
        ("bytes=99-99", Part(99, 1)),
        ("bytes=100-", Unsatisfiable()),
        ("bytes=100-200", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=9-0", Whole()),
        ("bytes=0-1,5-6", Whole()),
        ("bytes=" + "0-," * 1000 + "1-", Whole()),
        ("bytes=1_0-20", Whole()),
        ("bytes=+1-2", Whole()),
        ("bytes= 1-2", Whole()),
        ("bytes=\u0661-\u0662", Whole()),
        ("bytes=--1", Whole()),
        ("bytes=-", Whole()),
        ("bytes=", Whole()),
        ("Bytes=0-1", Whole()),
        ("lines=0-1", Whole()),
        ("bytes=0-1\n", Whole()),
        ("bytes=" + "9" * 19 + "-", Whole()),
        ("", Whole()),
    ],
)
def test_one_strict_range_is_served_and_anything_else_ignored(field: str, expected: Answer) -> None:
    assert judge(Conditions(range=field), TAG, 100) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Conditions(if_none_match=TAG), NotModified()),
        (Conditions(if_none_match=f"W/{TAG}"), NotModified()),
        (Conditions(if_none_match=f'"x", {TAG}'), NotModified()),
        (Conditions(if_none_match="*"), NotModified()),
        (Conditions(if_none_match='"x"'), Whole()),
        (Conditions(if_none_match=TAG.strip('"')), Whole()),
        (Conditions(if_match=TAG), Whole()),
        (Conditions(if_match="*"), Whole()),
        (Conditions(if_match=f"W/{TAG}"), Changed()),
        (Conditions(if_match='"x"'), Changed()),
        (Conditions(if_match='"x"', if_none_match=TAG), Changed()),
        (Conditions(if_range=TAG, range="bytes=0-0"), Part(0, 1)),
        (Conditions(if_range=f"W/{TAG}", range="bytes=0-0"), Whole()),
        (Conditions(if_range='"x"', range="bytes=0-0"), Whole()),
        (Conditions(if_range="Sat, 01 Jan 2028 00:00:00 GMT", range="bytes=0-0"), Whole()),
        (Conditions(if_range='"x"', range="bytes=500-"), Whole()),
        (Conditions(if_none_match=TAG, range="bytes=0-0"), NotModified()),
    ],
)
def test_preconditions_go_before_the_range(asked: Conditions, expected: Answer) -> None:
    assert judge(asked, TAG, 100) == expected


@given(st.text(max_size=20), st.integers(0, 10**6))
def test_a_part_is_never_empty_and_never_outside(text: str, size: int) -> None:
    match judge(Conditions(range=f"bytes={text}"), TAG, size):
        case Part(start, length):
            assert length > 0
            assert 0 <= start < start + length <= size
        case answer:
            assert answer in (Whole(), Unsatisfiable())


def test_an_empty_object_has_no_part() -> None:
    assert judge(Conditions(range="bytes=0-"), TAG, 0) == Unsatisfiable()


def test_the_validator_changes_with_time_size_and_file() -> None:
    assert len({etag(1, 2, 3), etag(2, 2, 3), etag(1, 3, 3), etag(1, 2, 4)}) == 4
