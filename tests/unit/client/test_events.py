"""Events come in order and once, and go on where a stream ended."""

import json
from itertools import islice

import httpx
import pytest
from client_portal import AT, PORTAL, FakePortal, FakeTime, options, problem
from hypothesis import given
from hypothesis import strategies as st

from fedpact.client import Fedpact, ForbiddenError, UnreachableError, UnreadableAnswerError
from fedpact.client.events import Frame, Reader
from fedpact.contracts.api import EventQuery


def entry(name: str) -> str:
    return json.dumps({"id": name, "type": "specs.spec.changed", "time": AT, "about": "s-1", "text": "moved"})


def stream(*frames: str) -> httpx.Response:
    return httpx.Response(200, content="".join(frames).encode(), headers={"Content-Type": "text/event-stream"})


def told(name: str, place: str) -> str:
    return f"event: specs.spec.changed\ndata: {entry(name)}\nid: {place}\n\n"


def names(portal: FakePortal, count: int, time: FakeTime | None = None, **asked) -> list[str]:
    fp = Fedpact(PORTAL, "t", options(portal, time))
    return [found.id for found in islice(fp.events(**asked), count)]


def test_what_happens_is_told_in_order() -> None:
    portal = FakePortal().on(
        "GET", "/v1/events", stream("retry: 2000\nid: specs=1\n\n", told("a", "1"), told("b", "2"))
    )
    assert names(portal, 2, query=EventQuery(spec="s-1")) == ["a", "b"]
    assert dict(portal.last.url.params) == {"spec": "s-1"}
    assert portal.last.headers["accept"] == "text/event-stream"


def test_a_stream_that_ended_goes_on_behind_what_was_heard() -> None:
    first = stream("retry: 2000\nid: specs=1\n\n", told("a", "specs=2"), ": still here\nid: specs=3\n\n")
    portal, time = FakePortal().on("GET", "/v1/events", first, stream(told("b", "specs=4"))), FakeTime()
    assert names(portal, 2, time) == ["a", "b"]
    assert "last-event-id" not in portal.requests[0].headers
    assert portal.requests[1].headers["last-event-id"] == "specs=3"
    assert time.slept == [2.0]


def test_an_event_that_was_cut_off_is_told_again() -> None:
    cut = stream(told("a", "specs=2"), f"event: x\ndata: {entry('b')}\nid: specs=3\n")
    portal = FakePortal().on("GET", "/v1/events", cut, stream(told("b", "specs=3")))
    assert names(portal, 2) == ["a", "b"]
    assert portal.requests[1].headers["last-event-id"] == "specs=2"


def test_one_can_begin_behind_an_earlier_event() -> None:
    portal = FakePortal().on("GET", "/v1/events", stream(told("b", "specs=3")))
    assert names(portal, 1, last_id="specs=2") == ["b"]
    assert portal.last.headers["last-event-id"] == "specs=2"


def test_a_gap_is_told_to_whoever_wants_to_know() -> None:
    gaps: list[str] = []
    portal = FakePortal().on("GET", "/v1/events", stream("event: fedpact.gap\ndata: {}\n\n", told("a", "1")))
    assert names(portal, 1, on_gap=lambda: gaps.append("gap")) == ["a"]
    assert gaps == ["gap"]


def test_a_hub_that_is_away_for_a_while_is_waited_for() -> None:
    gone = httpx.ConnectError("refused")
    portal, time = FakePortal().on("GET", "/v1/events", gone, gone, stream(told("a", "1"))), FakeTime()
    assert names(portal, 1, time) == ["a"]
    assert time.slept == [2.0, 4.0]


def test_a_hub_that_stays_away_is_unreachable() -> None:
    time = FakeTime()
    with pytest.raises(UnreachableError, match="nobody answers"):
        names(FakePortal().on("GET", "/v1/events", httpx.ConnectError("refused")), 1, time)
    assert sum(time.slept) >= 120


def test_a_refusal_is_not_tried_again() -> None:
    portal = FakePortal().on("GET", "/v1/events", problem(403, "wrong_channel", "log in there"))
    with pytest.raises(ForbiddenError, match="log in there"):
        names(portal, 1)
    assert len(portal.requests) == 1


def test_an_event_nobody_can_read_is_an_error() -> None:
    with pytest.raises(UnreadableAnswerError, match="update this client"):
        names(FakePortal().on("GET", "/v1/events", stream("event: x\ndata: {}\n\n")), 1)


LINES = st.lists(st.sampled_from(["", "data: a", "data:b", "id: 1", "id: 2", "event: e", ": hello", "retry: 5", "huh"]))


@given(LINES)
def test_a_frame_holds_data_and_the_last_id_belongs_to_a_whole_frame(lines: list[str]) -> None:
    reader, ids = Reader(), [""]
    waiting = ""
    for line in lines:
        frame = reader.feed(line)
        assert frame is None or (frame.data and not line)
        waiting = line[4:] if line.startswith("id: ") else waiting
        ids = [waiting] if not line and waiting else ids
        assert reader.last_id == ids[0]


def test_data_of_several_lines_is_one_text() -> None:
    reader = Reader()
    assert [reader.feed(line) for line in ("data: a", "data:  b", "event: e", "")][-1] == Frame(kind="e", data="a\n b")
