"""When something is tried again, when not, and what a person is told then."""

import json

import httpx
import pytest
from client_portal import PORTAL, FakePortal, FakeTime, active, job, options, pending, problem, spec

from fedpact.client import (
    ConflictError,
    Fedpact,
    ForbiddenError,
    InputError,
    LoginExpiredError,
    MalformedError,
    NotFoundError,
    RefusedError,
    TimedOutError,
    UnreachableError,
    UnreadableAnswerError,
    operations,
)
from fedpact.client.flows import Flow, Patience, Pause, Send, Show, call
from fedpact.client.messages import NoAnswer, Request, Response
from fedpact.contracts.api import MeView

ME = {"user": "ada", "organization": "northlab", "roles": [], "groups": [], "channel": "main"}
GONE = httpx.ConnectError("Connection refused")


class Renewing:
    """A token source that counts how often it is renewed."""

    def __init__(self) -> None:
        self.number = 0

    def token(self, *, fresh: bool = False) -> str:
        self.number += fresh
        return f"t{self.number}"


def client(portal: FakePortal, time: FakeTime | None = None) -> Fedpact:
    return Fedpact(PORTAL, Renewing(), options(portal, time))


@pytest.mark.parametrize("passing", [GONE, httpx.ReadTimeout("slow"), problem(503, "unavailable", "the bus is away")])
def test_a_read_is_tried_again_with_growing_pauses(passing) -> None:
    time, portal = FakeTime(), FakePortal().on("GET", "/v1/me", passing, passing, ME)
    assert client(portal, time).me().user == "ada"
    assert time.slept == [0.25, 0.5]


def test_a_portal_that_hangs_is_given_half_a_minute_in_all() -> None:
    time = FakeTime()

    def hanging(request: httpx.Request) -> httpx.Response:
        time.seconds += request.extensions["timeout"]["read"]
        raise httpx.ReadTimeout("slow")

    portal, began = FakePortal().on("GET", "/v1/specs", hanging), time.seconds
    with pytest.raises(UnreachableError, match="did not answer in time"):
        client(portal, time).specs.list()
    assert (len(portal.requests), time.seconds - began) == (2, pytest.approx(30.0, abs=1.0))


def test_a_write_is_tried_again_under_the_same_key() -> None:
    portal = FakePortal().on("POST", "/v1/jobs", httpx.RemoteProtocolError("cut off"), job())
    client(portal).jobs.submit("s-1", {})
    first, second = portal.asked("/v1/jobs")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.content == second.content


def test_the_pause_is_the_one_the_hub_asks_for() -> None:
    busy = problem(503, "behind", "not yet")
    busy.headers["Retry-After"] = "7"
    time = FakeTime()
    client(FakePortal().on("GET", "/v1/me", busy, ME), time).me()
    assert time.slept == [7.0]


async def test_an_asynchronous_driver_runs_the_same_flow() -> None:
    """What an asynchronous client will be: other ways to send and to wait, and no other rule."""
    waited = []
    answers = [NoAnswer("away"), Response(status=200, body=json.dumps(ME).encode())]

    async def perform(wanted: Send | Pause | Show) -> Response | NoAnswer | None:
        if isinstance(wanted, Send):
            return answers.pop(0)
        waited.append(wanted)
        return None

    async def drive(flow: Flow[MeView]) -> MeView:
        reply = None
        while True:
            try:
                wanted = flow.send(reply)
            except StopIteration as end:
                return end.value
            reply = await perform(wanted)

    assert (await drive(call(operations.me(), Patience(), lambda: 0.0))).user == "ada"
    assert waited == [Show("away: trying again"), Pause(0.25)]


def test_what_cannot_be_repeated_is_sent_once() -> None:
    flow = call(Request(method="POST", path="/x", answer=MeView), Patience(), lambda: 0.0)
    assert isinstance(next(flow), Send)
    with pytest.raises(UnreachableError):
        flow.send(NoAnswer("nobody answers"))


def test_after_the_last_try_it_says_what_to_do() -> None:
    portal = FakePortal().on("GET", "/v1/me", GONE)
    with pytest.raises(UnreachableError, match=r"nobody answers at http://127.0.0.1:7070.*`fedpact up`.*FEDPACT_URL"):
        client(portal).me()
    assert len(portal.requests) == 4


def test_a_hub_that_stays_unwell_is_unreachable() -> None:
    portal = FakePortal().on("GET", "/v1/me", problem(503, "unavailable", "the bus is away"))
    with pytest.raises(UnreachableError, match=r"the bus is away.*try again"):
        client(portal).me()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, MalformedError), (422, MalformedError), (403, ForbiddenError), (404, NotFoundError), (409, ConflictError)],
)
def test_a_refusal_keeps_what_the_hub_said(status: int, kind: type[RefusedError]) -> None:
    said = problem(status, "wrong_thing", "it is wrong: mend it", path="content.datasets.0")
    portal = FakePortal().on("GET", "/v1/me", said)
    with pytest.raises(kind) as caught:
        client(portal).me()
    error = caught.value
    assert (error.status, error.code, error.reason, error.path) == (
        status,
        "wrong_thing",
        "it is wrong: mend it",
        "content.datasets.0",
    )
    assert len(portal.requests) == 1


def test_every_wrong_member_is_named() -> None:
    errors = [{"path": "a", "text": "Too long"}, {"path": "b", "text": "Missing"}]
    portal = FakePortal().on("GET", "/v1/me", problem(422, "malformed", "too long at `a`", errors=errors))
    with pytest.raises(MalformedError, match=r"^too long at `a`; missing at `b`$"):
        client(portal).me()


def test_a_refusal_of_another_status_is_a_refusal() -> None:
    portal = FakePortal().on("POST", "/v1/jobs", problem(408, "expired", "nobody took it in time: send it again"))
    with pytest.raises(RefusedError, match="send it again"):
        client(portal).jobs.submit("s-1", {})


def test_a_token_that_is_not_believed_is_renewed_once() -> None:
    portal = FakePortal().on("GET", "/v1/me", problem(401, "unauthenticated", "the token has ended"), ME)
    client(portal).me()
    assert [request.headers["authorization"] for request in portal.requests] == ["Bearer t0", "Bearer t1"]


def test_a_renewed_token_that_is_not_believed_ends_the_login() -> None:
    portal = FakePortal().on("GET", "/v1/me", problem(401, "unauthenticated", "the token has ended"))
    with pytest.raises(LoginExpiredError, match=r"the token has ended: `fedpact login`"):
        client(portal).me()
    assert len(portal.requests) == 2


def test_a_token_that_was_given_cannot_be_renewed() -> None:
    portal = FakePortal().on("GET", "/v1/me", problem(401, "unauthenticated", "no"))
    with pytest.raises(LoginExpiredError, match="get a new one"):
        Fedpact(PORTAL, "given", options(portal)).me()


@pytest.mark.parametrize(
    "strange", [httpx.Response(200, text="<html>hello</html>"), httpx.Response(404, text="nginx"), httpx.Response(302)]
)
def test_somebody_else_at_the_address_is_told_from_a_hub(strange: httpx.Response) -> None:
    with pytest.raises(UnreadableAnswerError, match="check the URL"):
        client(FakePortal().on("GET", "/v1/me", strange)).me()


def test_a_token_does_not_follow_a_redirect() -> None:
    portal = FakePortal().on("GET", "/v1/me", httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(UnreadableAnswerError):
        client(portal).me()
    assert [request.url.host for request in portal.requests] == ["127.0.0.1"]


def test_a_command_under_way_is_followed_to_its_answer() -> None:
    time = FakeTime()
    portal = FakePortal().on("POST", "/v1/specs/s-1/activate", pending(), active())
    portal.on("GET", "/v1/commands/c-1", pending(code=200), pending(code=200, status="accepted"))
    assert client(portal, time).specs.activate("s-1").stage == "active"
    keys = {request.headers["idempotency-key"] for request in portal.asked("/v1/specs/s-1/activate")}
    assert len(keys) == 1
    assert time.slept == [0.5, 1.0]


def test_a_command_that_is_refused_later_is_refused() -> None:
    refusal = problem(403, "not_allowed", "only its creator activates a spec")
    portal = FakePortal().on("POST", "/v1/specs/s-1/activate", pending(), refusal)
    portal.on("GET", "/v1/commands/c-1", pending(code=200, status="refused"))
    with pytest.raises(ForbiddenError, match="only its creator"):
        client(portal).specs.activate("s-1")


def test_a_command_that_stays_under_way_can_be_asked_for_later() -> None:
    portal = FakePortal().on("POST", "/v1/specs/s-1/activate", pending())
    portal.on("GET", "/v1/commands/c-1", pending(code=200))
    with pytest.raises(TimedOutError, match=r"`specs.activate`.*`fedpact commands get c-1`"):
        client(portal).specs.activate("s-1")


def test_a_view_the_client_cannot_read_names_both_versions() -> None:
    portal = FakePortal().on("GET", "/v1/specs/s-1", spec().model_dump(mode="json") | {"stage": "dreaming"})
    with pytest.raises(UnreadableAnswerError, match="versions that fit"):
        client(portal).specs.get("s-1")


def test_a_program_s_token_goes_over_an_open_wire_on_purpose_only() -> None:
    with pytest.raises(InputError, match="unencrypted"):
        Fedpact("http://portal.example", "t0ken")
