"""Downloads: whole and as they were stored, or going on where they broke off."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from client_portal import FakePortal, FakeTime, artifact, options, problem
from hypothesis import given
from hypothesis import strategies as st

from fedpact.client import Fedpact, InputError, NotFoundError, UnreachableError

MODEL = bytes(range(256)) * 40
ONE, CONTENT = "/v1/artifacts/a-1", "/v1/artifacts/a-1/content"


class Line:
    """A line that carries so many bytes each time before it breaks, and the portal behind it, which knows ranges."""

    def __init__(self, content: bytes, *carries: int, ranges: bool = True) -> None:
        self.content, self.carries, self.ranges = content, list(carries), ranges
        self.asked: list[tuple[str | None, str | None]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        part = request.headers.get("range")
        self.asked.append((part, request.headers.get("if-range")))
        first = int(re.fullmatch(r"bytes=(\d+)-", part)[1]) if part and self.ranges else 0
        status = 206 if part and self.ranges else 200
        return httpx.Response(
            status, stream=_Stream(self.content[first:], self.carries.pop(0) if self.carries else None)
        )


class _Stream(httpx.SyncByteStream):
    def __init__(self, content: bytes, carries: int | None) -> None:
        self.content, self.carries = content, carries

    def __iter__(self) -> Iterator[bytes]:
        carried = self.content if self.carries is None else self.content[: self.carries]
        for start in range(0, len(carried), 1000):
            yield carried[start : start + 1000]
        if self.carries is not None:
            raise httpx.ReadError("cut off")


def speaking(line: Line, content: bytes = MODEL, time: FakeTime | None = None, **members: object) -> Fedpact:
    portal = FakePortal().on("GET", ONE, artifact("sub/model.bin", content) | members).on("GET", CONTENT, line)
    return Fedpact("http://127.0.0.1:7070", "token", options(portal, time))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_artifact_is_saved_under_its_name(tmp_path: Path) -> None:
    with speaking(Line(MODEL)) as fp:
        saved = fp.artifacts.download("a-1", tmp_path)
    assert (saved, saved.read_bytes(), files(tmp_path)) == (tmp_path / "sub/model.bin", MODEL, ["sub/model.bin"])


def test_an_empty_artifact_is_a_file_too(tmp_path: Path) -> None:
    with speaking(Line(b""), b"") as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == b""


def test_what_breaks_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    line, tag = Line(MODEL, 3000, 1500), f'"{artifact("x", MODEL)["digest"]}"'
    with speaking(line) as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL
    assert line.asked == [(None, None), ("bytes=3000-", tag), ("bytes=4500-", tag)]
    assert files(tmp_path) == ["sub/model.bin"]


BUSY = problem(503, "unavailable", "`jobs` does not answer")


def test_a_hub_that_cannot_give_it_now_is_asked_again(tmp_path: Path) -> None:
    time, portal = FakeTime(), FakePortal().on("GET", ONE, artifact("model.bin", MODEL))
    portal.on("GET", CONTENT, BUSY, BUSY, Line(MODEL))
    with Fedpact("http://127.0.0.1:7070", "token", options(portal, time)) as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL
    assert time.slept == [1.0, 2.0]


def test_a_hub_that_cannot_give_it_for_long_is_given_up_with_what_it_says(tmp_path: Path) -> None:
    portal = FakePortal().on("GET", ONE, artifact("model.bin", MODEL)).on("GET", CONTENT, BUSY)
    with (
        Fedpact("http://127.0.0.1:7070", "token", options(portal)) as fp,
        pytest.raises(UnreachableError, match="`jobs` does not answer"),
    ):
        fp.artifacts.download("a-1", tmp_path)


def test_what_arrived_is_kept_for_the_next_time(tmp_path: Path) -> None:
    time = FakeTime()
    with speaking(Line(MODEL, 5000, 0, 0, 0, 0), time=time) as fp, pytest.raises(UnreachableError, match="goes on"):
        fp.artifacts.download("a-1", tmp_path)
    assert not (tmp_path / "sub/model.bin").exists()
    assert time.slept == [0.5, 1.0, 2.0, 4.0]
    line = Line(MODEL)
    with speaking(line) as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL
    assert [part for part, _ in line.asked] == ["bytes=5000-"]
    assert files(tmp_path) == ["sub/model.bin"]


def test_a_hub_that_sends_all_of_it_again_is_understood(tmp_path: Path) -> None:
    with speaking(Line(MODEL, 3000, ranges=False)) as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL


def test_a_hub_that_begins_anew_and_breaks_off_is_given_up(tmp_path: Path) -> None:
    with speaking(Line(MODEL, *[3000] * 9, ranges=False)) as fp, pytest.raises(UnreachableError, match="goes on"):
        fp.artifacts.download("a-1", tmp_path)


def test_another_content_is_not_kept_and_not_gone_on_from(tmp_path: Path) -> None:
    with speaking(Line(MODEL[::-1])) as fp, pytest.raises(UnreachableError, match="another content"):
        fp.artifacts.download("a-1", tmp_path)
    assert files(tmp_path) == []


def test_what_was_left_by_something_else_does_no_harm(tmp_path: Path) -> None:
    with speaking(Line(MODEL, 100, 0, 0, 0, 0)) as fp, pytest.raises(UnreachableError):
        fp.artifacts.download("a-1", tmp_path)
    [part] = (tmp_path / "sub").iterdir()
    part.write_bytes(b"x" * (len(MODEL) + 1))
    with speaking(Line(MODEL)) as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL
    part.write_bytes(b"x" * 100)
    with speaking(Line(MODEL)) as fp:
        with pytest.raises(UnreachableError, match="another content"):
            fp.artifacts.download("a-1", tmp_path)
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL


def test_a_part_that_was_whole_is_not_asked_for_again(tmp_path: Path) -> None:
    digest = str(artifact("x", MODEL)["digest"]).removeprefix("sha256:")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / f".model.bin.{digest[:12]}.part").write_bytes(MODEL)
    line = Line(MODEL)
    with speaking(line) as fp:
        assert fp.artifacts.download("a-1", tmp_path).read_bytes() == MODEL
    assert line.asked == []


@given(st.lists(st.integers(1, 4000), max_size=8))
def test_however_often_it_breaks_off_it_arrives_as_it_was_stored(
    tmp_path_factory: pytest.TempPathFactory, carries: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("saved")
    with speaking(Line(MODEL, *carries)) as fp:
        assert fp.artifacts.download("a-1", folder).read_bytes() == MODEL
    assert files(folder) == ["sub/model.bin"]


def test_a_deleted_artifact_is_not_asked_for(tmp_path: Path) -> None:
    gone = {"deleted": {"cause": "asked", "by": "ada", "at": "2026-01-01T00:00:00Z"}, "url": ""}
    line = Line(MODEL)
    with speaking(line, **gone) as fp, pytest.raises(InputError, match="is deleted"):
        fp.artifacts.download("a-1", tmp_path)
    assert line.asked == []


def test_one_that_is_deleted_meanwhile_is_not_found(tmp_path: Path) -> None:
    portal = (
        FakePortal().on("GET", ONE, artifact("m", MODEL)).on("GET", CONTENT, problem(410, "artifact_deleted", "gone"))
    )
    with Fedpact("http://127.0.0.1:7070", "token", options(portal)) as fp, pytest.raises(NotFoundError, match="gone"):
        fp.artifacts.download("a-1", tmp_path)


def test_all_results_of_a_job_are_all_that_are_not_deleted(tmp_path: Path) -> None:
    gone = artifact("b", b"b") | {"deleted": {"cause": "retention", "at": "2026-01-01T00:00:00Z"}, "url": ""}
    portal = FakePortal().on(
        "GET", "/v1/jobs/j-1/artifacts", {"job_id": "j-1", "stored": True, "items": [artifact("a", b"a"), gone]}
    )
    portal.on("GET", "/v1/jobs/j-1/artifacts/a", httpx.Response(200, content=b"a"))
    with Fedpact("http://127.0.0.1:7070", "token", options(portal)) as fp:
        assert fp.jobs.download("j-1", tmp_path) == (tmp_path / "a",)
        with pytest.raises(InputError, match="no result file `b`"):
            fp.jobs.download("j-1", tmp_path, "b")
