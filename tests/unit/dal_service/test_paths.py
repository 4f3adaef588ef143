"""The string that is authorised is the string that is opened."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fedpact.dal_service.adapters.openat2 import best, walk
from fedpact.dal_service.domain.errors import BadPathError
from fedpact.dal_service.domain.paths import absolute, address, covered, holds, is_name, parse

ROUTE = "/datasets/"
PIECES = st.sampled_from(
    ["..", ".", "/", "//", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%00", "%", "%zz", "ds-a", "ds-ab", "in", "out", "link",
     "s3:", "s3:/", "s3%3A%2F%2F", "?", "#", "%c0%af", "%252e", "é", "%c3%a9", "\u202e", "~", " ", "\udcff", "secret"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/datasets/ds/", "ds/"),
        ("/datasets/ds/a/b.csv", "ds/a/b.csv"),
        ("/datasets/ds/a/b.csv?x=../..", "ds/a/b.csv"),
        ("/datasets/ds/a%20b%3F%23%25.csv", "ds/a b?#%.csv"),
        ("/datasets/ds%2Fa", "ds/a"),
        ("/datasets/ds/%252e%252e", "ds/%2e%2e"),
        ("/datasets/s3://bucket/key/a.zip", "s3://bucket/key/a.zip"),
        ("/datasets/s3:/bucket/key/a.zip", "s3://bucket/key/a.zip"),
        ("/datasets/s3%3A%2F%2Fbucket%2Fkey/", "s3://bucket/key/"),
        ("/datasets/s3://bucket/", "s3://bucket/"),
        ("/datasets/ds/\u00e9", "ds/\u00e9"),
        ("/datasets/ds/%C3%A9", "ds/\u00e9"),
        ("/datasets/ds/e%CC%81", "ds/e\u0301"),
        ("/datasets/ds/...", "ds/..."),
    ],
)
def test_a_target_is_decoded_once_and_spelled_one_way(target: str, expected: str) -> None:
    assert parse(target, ROUTE) == expected


@pytest.mark.parametrize(
    "target",
    [
        "/datasets/", "/datasets//", "/datasets//etc/passwd", "/datasets/ds//a", "/datasets/./ds", "/datasets/ds/..",
        "/datasets/ds/../x", "/datasets/ds/%2e%2e/x", "/datasets/ds/.%2E/x", "/datasets/%2Fetc", "/datasets/ds/%2F/x",
        "/datasets/ds/%00", "/datasets/ds/a%0ab", "/datasets/ds/%7f", "/datasets/ds/%C2%85", "/datasets/ds/%", "/datasets/ds/%4",
        "/datasets/ds/%zz", "/datasets/ds/%u002e", "/datasets/ds/%c0%ae%c0%ae", "/datasets/ds/%ff", "/datasets/ds/\udcff",
        "/datasets/ds/a#b", "/datasetsx/ds", "/Datasets/ds", "http://h/datasets/ds", "/x/../datasets/ds", "datasets/ds",
        "/datasets/s3://", "/datasets/s3://bucket", "/datasets/s3://b/", "/datasets/s3:///key", "/datasets/s3://b/../k",
        "/datasets/s3:////bucket/key", "/datasets/s3://BUCKET/key", "/datasets/s3://bucket/a//b", "/datasets/file:///etc/passwd",
        "/datasets/ds/" + "a/" * 2100,
    ],
)  # fmt: skip
def test_what_would_have_to_be_normalised_is_refused(target: str) -> None:
    with pytest.raises(BadPathError):
        parse(target, ROUTE)


@given(st.text(max_size=40))
@example("a\u0301")
def test_an_address_is_its_own_canonical_spelling(text: str) -> None:
    with suppress(BadPathError):
        found = address(text)
        assert address(found) == found
        assert parse(ROUTE + quote(found, safe=""), ROUTE) == found


@pytest.fixture(scope="module")
def house() -> Iterator[tuple[Path, set[int]]]:
    """A root with a way out behind every name a test can build, and the inodes that are inside."""
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder) / "root", Path(folder) / "out"
        for place in (root / "ds-a" / "in", root / "ds-ab", out, root / "s3:"):
            place.mkdir(parents=True)
        for place in (root / "ds-a" / "in" / "secret", root / "ds-ab" / "secret", out / "secret"):
            place.write_text("x")
        (root / "ds-a" / "link").symlink_to(out)
        (root / "link").symlink_to("/")
        (root / "ds-a" / "in" / "out").symlink_to("../../../out")
        yield root, {p.lstat().st_ino for p in [root, *root.rglob("*")] if not p.is_symlink()}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES | st.text(max_size=4), max_size=9), slash=st.booleans())
def test_whatever_the_string_what_is_opened_is_inside_the_root(
    house: tuple[Path, set[int]], pieces: list[str], *, slash: bool
) -> None:
    root, inside = house
    descriptor = os.open(root, os.O_PATH)
    try:
        with suppress(BadPathError, OSError):
            found = parse(ROUTE + ("/" if slash else "").join(pieces), ROUTE)
            for opener in (best(), walk):
                opened = opener(descriptor, found, 0)
                inode = os.fstat(opened).st_ino
                os.close(opened)
                assert inode in inside
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("ds-a/", "ds-a/x", True),
        ("ds-a/", "ds-a/", True),
        ("ds-a/", "ds-ab/x", False),
        ("ds-a/", "ds-a", False),
        ("ds-a", "ds-a", True),
        ("ds-a", "ds-a/x", False),
        ("ds-a", "ds-ab", False),
        ("ds-a/x.csv", "ds-a/x.csv", True),
        ("ds-a/x.csv", "ds-a/x.csv2", False),
    ],
)
def test_only_a_folder_holds_what_begins_with_it(outer: str, inner: str, *, expected: bool) -> None:
    assert holds(outer, inner) is expected


@pytest.mark.parametrize(("root", "expected"), [("", True), ("a/", True), ("a", False), ("/", False), ("../", False)])
def test_a_root_covers_what_lies_below_it_and_the_empty_one_all(root: str, *, expected: bool) -> None:
    assert covered("a/b", root) is expected


@pytest.mark.parametrize("text", ["data", "/data/../x", "/data//x", "//data", "/data/\n", "/data/\udcff", "/", ""])
def test_a_path_to_map_is_as_plain_as_an_address(text: str) -> None:
    with pytest.raises(BadPathError):
        absolute(text)


def test_names_nobody_could_ask_for_are_no_entries() -> None:
    names = ["plain.csv", "é", "a b", "bad\udcff", "tab\t", "\x85"]
    assert [n for n in names if is_name(n)] == ["plain.csv", "é", "a b"]
