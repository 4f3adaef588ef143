"""What waiting ends with, and what an activation for the length of a block leaves behind."""

from pathlib import Path

import httpx
import pytest
from client_portal import PORTAL, FakePortal, FakeTime, active, artifact, job, options, spec

from fedpact.client import (
    Fedpact,
    InputError,
    JobEndedError,
    SpecEndedError,
    TimedOutError,
    UnreachableError,
)
from fedpact.contracts.api import SpecView

WAITING = {"status": "updating.awaiting_resources", "stage": "waiting", "generation": 1}


def client(portal: FakePortal, time: FakeTime | None = None) -> Fedpact:
    return Fedpact(PORTAL, "t", options(portal, time))


def test_waiting_looks_again_until_it_is_so() -> None:
    time, portal = FakeTime(), FakePortal().on("GET", "/v1/specs/s-1", spec(**WAITING), spec(**WAITING), active())
    assert client(portal, time).specs.wait("s-1").stage == "active"
    assert len(time.slept) == 2


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (spec(status="inactive.rejected", verdict="rejected"), "inactive.rejected"),
        (spec(status="failed.failed", outcome="failed", generation=1, cause="image not found"), "image not found"),
        (spec(status="failed.invalid", stage="invalid", cause="the dataset is gone"), "the dataset is gone"),
        (spec(), "`fedpact specs activate s-1`"),
        (spec(status="updating.deleting", stage="deleting", outcome="shutdown", generation=1), "nobody activates it"),
    ],
)
def test_waiting_ends_when_it_will_not_become_active_by_itself(view: SpecView, said: str) -> None:
    with pytest.raises(SpecEndedError, match=said) as caught:
        client(FakePortal().on("GET", "/v1/specs/s-1", view)).specs.wait("s-1")
    assert caught.value.spec == view


def test_a_rejected_spec_tells_its_reasons() -> None:
    reasons = [{"code": "no_policy", "text": "no policy covers `heart_gateway-1_lakeside`"}]
    view = spec(status="inactive.rejected", verdict="rejected", reasons=reasons)
    with pytest.raises(SpecEndedError, match="no policy covers"):
        client(FakePortal().on("GET", "/v1/specs/s-1", view)).specs.wait("s-1", "approved")


def test_a_verdict_that_is_still_open_is_waited_for() -> None:
    pending = spec(status="inactive.awaiting_approval", verdict="pending")
    portal = FakePortal().on("GET", "/v1/specs/s-1", pending, spec())
    assert client(portal).specs.wait("s-1", "approved").verdict == "approved"


def test_waiting_ends_in_time_and_says_where_to_look() -> None:
    portal = FakePortal().on("GET", "/v1/specs/s-1", spec(**WAITING))
    with pytest.raises(TimedOutError, match=r"updating.awaiting_resources after 20 s.*`fedpact specs why s-1`"):
        client(portal).specs.wait("s-1", timeout=20)


def test_a_job_is_waited_for() -> None:
    portal = FakePortal().on("GET", "/v1/jobs/j-1", job(), job(status="completed"))
    assert client(portal).jobs.wait("j-1").status == "completed"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"status": "failed", "reason": "exit code 3"}, "failed: exit code 3"),
        (
            {"status": "failed", "steps": [{"name": "execute", "status": "failed", "message": "out of memory"}]},
            "memory",
        ),
        ({"status": "cancelled"}, "was cancelled: no cause told"),
    ],
)
def test_a_job_that_did_not_complete_is_an_error_with_its_cause(members, said: str) -> None:
    with pytest.raises(JobEndedError, match=said) as caught:
        client(FakePortal().on("GET", "/v1/jobs/j-1", job(**members))).jobs.wait("j-1")
    assert caught.value.job.job_id == "j-1"


def test_a_job_that_goes_on_is_said_to() -> None:
    with pytest.raises(TimedOutError, match="running after 5 s and goes on"):
        client(FakePortal().on("GET", "/v1/jobs/j-1", job())).jobs.wait("j-1", timeout=5)


def test_an_activation_lasts_as_long_as_its_block() -> None:
    portal = FakePortal().on("GET", "/v1/specs/s-1", spec(), spec(**WAITING), active())
    portal.on("POST", "/v1/specs/s-1/activate", spec(**WAITING)).on("POST", "/v1/specs/s-1/deactivate", spec())
    portal.on("POST", "/v1/jobs", job()).on("GET", "/v1/jobs/j-1", job(), job(status="completed"))
    portal.on("GET", "/v1/jobs/j-1/metrics", {"job_id": "j-1", "points": []})
    with client(portal) as fp, fp.specs.activated("s-1") as act:
        followed = act.submit({"rounds": 5})
        assert followed.wait().status == "completed"
        assert followed.metrics().points == ()
        assert not portal.asked("/v1/specs/s-1/deactivate")
    assert portal.last.url.path == "/v1/specs/s-1/deactivate"


def test_it_ends_with_the_block_that_fails_too() -> None:
    portal = FakePortal().on("GET", "/v1/specs/s-1", spec(), active())
    portal.on("POST", "/v1/specs/s-1/activate", spec(**WAITING)).on("POST", "/v1/specs/s-1/deactivate", spec())
    with pytest.raises(ZeroDivisionError), client(portal).specs.activated("s-1"):
        raise ZeroDivisionError
    assert portal.last.url.path == "/v1/specs/s-1/deactivate"


def test_it_ends_when_the_activation_never_came() -> None:
    failed = spec(status="failed.failed", outcome="failed", generation=1)
    portal = FakePortal().on("GET", "/v1/specs/s-1", spec(), failed)
    portal.on("POST", "/v1/specs/s-1/activate", spec(**WAITING)).on("POST", "/v1/specs/s-1/deactivate", failed)
    with pytest.raises(SpecEndedError), client(portal).specs.activated("s-1"):
        pytest.fail("the block was entered")
    assert portal.last.url.path == "/v1/specs/s-1/deactivate"


def test_an_activation_of_somebody_else_stays() -> None:
    portal = FakePortal().on("GET", "/v1/specs/s-1", active())
    with client(portal).specs.activated("s-1") as act:
        assert act.spec.stage == "active"
    assert {request.method for request in portal.requests} == {"GET"}


def test_one_that_is_going_is_waited_for_before_it_is_activated_again() -> None:
    going = spec(status="updating.deleting", stage="deleting", outcome="shutdown", generation=1)
    portal = FakePortal().on("GET", "/v1/specs/s-1", going, going, spec(generation=1), active(generation=2))
    portal.on("POST", "/v1/specs/s-1/activate", spec(**WAITING)).on("POST", "/v1/specs/s-1/deactivate", spec())
    with client(portal).specs.activated("s-1") as act:
        assert act.spec.generation == 2
    assert len(portal.asked("/v1/specs/s-1/activate")) == 1


def stored(*items) -> FakePortal:
    return FakePortal().on("GET", "/v1/jobs/j-1/artifacts", {"job_id": "j-1", "stored": True, "items": items})


def test_results_are_saved_under_their_names(tmp_path: Path) -> None:
    portal = stored(artifact("statistics/result.json", b"{}"), artifact("log.txt", b"hello"))
    portal.on("GET", "/v1/jobs/j-1/artifacts/statistics/result.json", httpx.Response(200, content=b"{}"))
    portal.on("GET", "/v1/jobs/j-1/artifacts/log.txt", httpx.Response(200, content=b"hello"))
    portal.on("GET", "/v1/jobs/j-1", job())
    saved = client(portal).job("j-1").download(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in saved] == ["statistics/result.json", "log.txt"]
    assert (tmp_path / "statistics/result.json").read_bytes() == b"{}"


def test_only_the_results_that_are_named_are_fetched(tmp_path: Path) -> None:
    portal = stored(artifact("a", b"a"), artifact("b", b"b"))
    portal.on("GET", "/v1/jobs/j-1/artifacts/b", httpx.Response(200, content=b"b"))
    assert client(portal).jobs.download("j-1", tmp_path, "b") == (tmp_path / "b",)
    with pytest.raises(InputError, match=r"no result file `c`"):
        client(portal).jobs.download("j-1", tmp_path, "c")


def test_a_result_with_other_content_is_not_kept(tmp_path: Path) -> None:
    portal = stored(artifact("a", b"what was stored"))
    portal.on("GET", "/v1/jobs/j-1/artifacts/a", httpx.Response(200, content=b"something else"))
    with pytest.raises(UnreachableError, match="another content"):
        client(portal).jobs.download("j-1", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/../../b", "..", "", "c:a", "a\\..\\b"])
def test_a_result_cannot_be_saved_outside_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="outside the folder"):
        client(stored(artifact(name, b""))).jobs.download("j-1", tmp_path)


def test_a_download_with_an_old_token_gets_a_new_one(tmp_path: Path) -> None:
    class Tokens:
        def token(self, *, fresh: bool = False) -> str:
            return "new" if fresh else "old"

    portal = stored(artifact("a", b"a"))
    portal.on("GET", "/v1/jobs/j-1/artifacts/a", httpx.Response(401), httpx.Response(200, content=b"a"))
    Fedpact(PORTAL, Tokens(), options(portal)).jobs.download("j-1", tmp_path)
    assert portal.last.headers["authorization"] == "Bearer new"


HEARD = "event: specs.spec.changed\ndata: {}\nid: specs=2\n\n"


def heard(*frames: str) -> httpx.Response:
    return httpx.Response(200, content="".join(frames).encode(), headers={"Content-Type": "text/event-stream"})


def test_what_takes_longer_is_listened_for_and_looked_at_when_something_happens() -> None:
    time, looks = FakeTime(), [spec(**WAITING)] * 40
    portal = FakePortal().on("GET", "/v1/specs/s-1", *looks, active()).on("GET", "/v1/events", heard(*[HEARD] * 60))
    assert client(portal, time).specs.wait("s-1").stage == "active"
    assert sum(time.slept) < 1
    assert len(portal.asked("/v1/events")) == 1
    assert dict(portal.asked("/v1/events")[0].url.params) == {"spec": "s-1"}


def test_a_sign_of_life_is_a_reason_to_look_too() -> None:
    portal = FakePortal().on("GET", "/v1/specs/s-1", *[spec(**WAITING)] * 9, active())
    portal.on("GET", "/v1/events", heard(*[": still here\nid: specs=2\n\n"] * 9))
    assert client(portal).specs.wait("s-1").stage == "active"


@pytest.mark.parametrize("ending", [heard(), httpx.Response(503), httpx.ConnectError("refused"), httpx.Response(404)])
def test_without_a_stream_one_looks_again_and_again(ending) -> None:
    time = FakeTime()
    portal = FakePortal().on("GET", "/v1/specs/s-1", *[spec(**WAITING)] * 60, active()).on("GET", "/v1/events", ending)
    assert client(portal, time).specs.wait("s-1").stage == "active"
    assert max(time.slept) <= 2
    assert 1 < len(portal.asked("/v1/events")) <= sum(time.slept) / 30 + 1


def test_the_last_seconds_are_not_left_to_the_stream() -> None:
    """A stream says every fifteen seconds that it lives; a deadline does not wait for it."""
    portal, time = FakePortal().on("GET", "/v1/specs/s-1", spec(**WAITING)), FakeTime()
    portal.on("GET", "/v1/events", heard(*[HEARD] * 60))
    with pytest.raises(TimedOutError):
        client(portal, time).specs.wait("s-1", timeout=20)
    assert portal.asked("/v1/events") == []
    assert sum(time.slept) == pytest.approx(20)
