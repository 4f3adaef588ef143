"""One spec's page: what it tells to whom, and what it offers."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from portal_browser import Browser, browser_of
from portal_memory import Stage, stage
from portal_values import (
    LAKE,
    NOON,
    announced,
    changed,
    created,
    job,
    model,
    organization,
    registered,
    stored,
    verdict,
)

from fedpact.contracts.envelope import Envelope
from fedpact.contracts.jobs import JobStatus, SubmitJob
from fedpact.contracts.queries import DownloadTicket, Wait
from fedpact.contracts.registry import Example, ModelChanged, VersionRecord
from fedpact.contracts.scheduling import Shortfall
from fedpact.contracts.specs import Activate, Deactivate, ParticipantView, Verdict
from fedpact.contracts.specs import Stage as SpecStage
from fedpact.contracts.telemetry import MetricsReported
from fedpact.portal.entrypoints.pages.examples import AGAIN


def running(status: str = "active.running_idle", generation: int = 1):
    where = {"active": SpecStage.ACTIVE, "updating": SpecStage.WAITING}.get(status.partition(".")[0], SpecStage.IDLE)
    part = ParticipantView(gateway="gateway-1", phase="starting", message="the image `m:1` is pulled")
    return changed("s-1", status, generation).model_copy(update={"stage": where, "participants": {"gateway-1-1": part}})


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(organization("lab"), announced(), model(), created("s-1"))
    return found


@pytest.fixture
async def ada(there: Stage) -> AsyncIterator[Browser]:
    async with browser_of(there) as found:
        yield found


async def test_the_decision_is_told_in_the_tier_of_the_viewer(there: Stage) -> None:
    await there.tell(verdict(), changed("s-1", "inactive.rejected").model_copy(update={"verdict": Verdict.REJECTED}))
    async with (
        browser_of(there, "ada") as ada,
        browser_of(there, "olga") as owner,
        browser_of(there, "stan") as steward,
    ):
        for browser in (ada, owner, steward):
            assert "No policy covers <code>one</code>" in (await browser.get("/specs/s-1")).text
        assert "allows 3 rounds" in (await owner.get("/specs/s-1")).text
        for browser in (ada, steward):
            assert "allows 3 rounds" not in (await browser.get("/specs/s-1")).text


async def test_participants_are_told_with_their_message(ada: Browser, there: Stage) -> None:
    await there.tell(running("updating.creating"))
    page = (await ada.get("/specs/s-1")).text
    assert "gateway-1-1" in page
    assert "The image <code>m:1</code> is pulled." in page


async def test_a_spec_that_waits_says_for_what(ada: Browser, there: Stage) -> None:
    lacking = Shortfall(site="gateway-1", resource="memory", wanted=4096, available=2048)
    there.line.answers["scheduling.why"] = Wait(waiting=True, ahead=2, shortfalls=(lacking,)).model_dump_json()
    await there.tell(running("updating.awaiting_resources"))
    page = (await ada.get("/specs/s-1")).text
    assert "2 ahead in the queue" in page
    assert "gateway-1" in page


@pytest.mark.parametrize(
    ("user", "offered"),
    [
        ("ada", {"activate", "clone", "jobs"}),
        ("bob", {"clone", "jobs"}),
        ("lea", {"activate", "clone", "jobs"}),
        ("olga", set()),
        ("stan", set()),
        ("root", set()),
    ],
)
async def test_only_what_one_may_do_is_offered(there: Stage, user: str, offered: set[str]) -> None:
    await there.tell(changed("s-1"))
    async with browser_of(there, user) as browser:
        page = (await browser.get("/specs/s-1")).text
        actions = {
            name for name in ("activate", "deactivate", "clone", "jobs") if f'action="/specs/s-1/{name}"' in page
        }
        assert actions == offered


@pytest.mark.parametrize(
    ("user", "may"), [("ada", True), ("bob", False), ("lea", True), ("olga", True), ("stan", False), ("root", True)]
)
async def test_who_may_stop_a_running_spec_is_offered_that(there: Stage, user: str, may: bool) -> None:
    await there.tell(running())
    async with browser_of(there, user) as browser:
        page = (await browser.get("/specs/s-1")).text
        assert ('action="/specs/s-1/deactivate"' in page) is may
        assert 'action="/specs/s-1/activate"' not in page


async def test_who_lacks_the_role_is_refused_with_the_reason(there: Stage) -> None:
    async with browser_of(there, "stan") as steward:
        for place in ("/specs/s-1/clone", "/specs/s-1/jobs"):
            answer = await steward.post(place, {"payload": "{}"})
            assert answer.status == 403
            assert "<code>data_scientist</code>" in answer.text
    assert there.owners.seen == []


async def test_what_one_may_not_see_is_not_there(there: Stage) -> None:
    await there.tell(job("j-1"))
    async with browser_of(there, "eve") as eve:
        for path in ("/specs/s-1", "/live/specs/s-1", "/jobs/j-1/points", "/jobs/j-1/artifacts/model.bin", "/nowhere"):
            assert (await eve.get(path)).status == 404
        for path in ("/specs/s-1/activate", "/specs/s-1/deactivate", "/specs/s-1/clone", "/jobs/j-1/cancel"):
            assert (await eve.post(path)).status == 404
    async with browser_of(there, "bob") as bob:
        assert "j-1" not in (await bob.get("/specs/s-1")).text


async def test_buttons_become_commands_about_the_generation_one_looks_at(ada: Browser, there: Stage) -> None:
    await there.tell(changed("s-1"))
    away = await ada.post("/specs/s-1/activate", {"generation": "0"})
    assert (away.status, away.place) == (303, "/specs/s-1")
    assert (await ada.post("/specs/s-1/deactivate")).place == "/specs/s-1"
    first, second = (command for command, _, _ in there.owners.seen)
    assert isinstance(first, Activate)
    assert first.expected_generation == 0
    assert isinstance(second, Deactivate)
    clone = await ada.post("/specs/s-1/clone")
    assert "a clone of" in (await ada.get(clone.place)).text


async def test_the_form_for_a_job_begins_with_the_models_own_example(ada: Browser, there: Stage) -> None:
    schema = {"type": "object", "examples": [{"rounds": 7}], "properties": {"rounds": {"type": "integer"}}}
    record = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64, payload_schema=schema)
    await there.tell(changed("s-1"), model().model_copy(update={"versions": (record,)}))
    page = (await ada.get("/specs/s-1")).text
    assert "&#34;rounds&#34;: 7" in page
    assert "What the model takes" in page


def explained(*examples: Example) -> ModelChanged:
    record = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64, examples=examples)
    return model().model_copy(update={"versions": (record,)})


async def test_of_a_cards_examples_the_first_is_filled_in_and_the_others_can_be_chosen(
    ada: Browser, there: Stage
) -> None:
    one, two = Example(title="Few rounds", payload={"rounds": 2}), Example(title="Many", payload={"rounds": 90})
    await there.tell(changed("s-1"), explained(one))
    page = (await ada.get("/specs/s-1")).text
    assert "Few rounds" in page
    assert 'id="example"' not in page
    await there.tell(explained(one, two))
    page = (await ada.get("/specs/s-1")).text
    assert "&#34;rounds&#34;: 2" in page.partition("<textarea")[2]
    assert [part.partition("<")[0] for part in page.split('}">')[1:]] == ["Few rounds", "Many"]
    assert "Many" in (await ada.get("/models/logreg")).text


async def test_the_newest_payload_is_the_first_to_choose(ada: Browser, there: Stage) -> None:
    await there.tell(changed("s-1"), explained(Example(title="Many", payload={"rounds": 90})), job("j-1"))
    page = (await ada.get("/specs/s-1")).text
    assert [part.partition("<")[0] for part in page.split('}">')[1:]] == [AGAIN, "Many"]
    assert "&#34;secret&#34;: 1" in page.partition("<textarea")[2]


async def test_a_job_is_submitted_from_the_page(ada: Browser, there: Stage) -> None:
    await there.tell(running())
    away = await ada.post("/specs/s-1/jobs", {"payload": '{"rounds": 2}'})
    assert (away.status, away.place) == (303, "/specs/s-1#jobs")
    command = there.owners.seen[0][0]
    assert isinstance(command, SubmitJob)
    assert (command.payload, command.activate, command.deactivate) == ({"rounds": 2}, False, False)


@pytest.mark.parametrize(("status", "ticked"), [("inactive.shutdown", True), ("updating.creating", False)])
async def test_a_job_for_a_spec_that_is_not_active_activates_it_first(
    ada: Browser, there: Stage, status: str, ticked: bool
) -> None:
    await there.tell(running(status))
    await ada.post("/specs/s-1/jobs", {"payload": "{}", "once": "yes" if ticked else ""})
    command = there.owners.seen[0][0]
    assert isinstance(command, SubmitJob)
    assert (command.activate, command.deactivate) == (True, ticked)


@pytest.mark.parametrize("payload", ["{", "[1]", '{"a": 1, "a": 2}', '{"a": NaN}'])
async def test_a_payload_that_is_not_right_is_shown_again(ada: Browser, there: Stage, payload: str) -> None:
    await there.tell(running())
    answer = await ada.post("/specs/s-1/jobs", {"payload": payload})
    assert answer.status == 422
    assert "This is not right yet" in answer.text
    assert payload.replace('"', "&#34;") in answer.text
    assert there.owners.seen == []


async def test_a_running_job_can_be_cancelled_by_who_submitted_it(there: Stage) -> None:
    await there.tell(running(), job("j-1"))
    async with browser_of(there) as ada:
        assert 'action="/jobs/j-1/cancel"' in (await ada.get("/specs/s-1")).text
        assert (await ada.post("/jobs/j-1/cancel")).place == "/specs/s-1#jobs"
        assert 'action="/jobs/j-1/cancel"' not in (await ada.get("/specs/s-1")).text


async def test_a_result_file_is_downloaded_with_the_browsers_login_by_who_may_have_it(there: Stage) -> None:
    ticket = DownloadTicket(url="http://jobs/f", token="t", expires=NOON)
    await there.tell(job("j-1", status=JobStatus.COMPLETED), stored(), registered())
    there.line.answers["jobs.download"] = ticket.model_dump_json()
    there.files.files[ticket.url] = b"hello"
    place = "/jobs/j-1/artifacts/sub/model%20file.bin"
    async with browser_of(there) as ada, browser_of(there, "olga") as owner, browser_of(there, None) as nobody:
        assert f'href="{place}"' in (await ada.get("/specs/s-1")).text
        got = await ada.get(place)
        assert (got.status, got.text) == (200, "hello")
        assert got.headers["Content-Disposition"].startswith("attachment")
        assert (await owner.get(place)).status == 404
        assert (await nobody.get(place)).status == 303


async def measured(there: Stage, number: int) -> None:
    told = MetricsReported(
        gateway="gateway-1", spec_id="s-1", job_id="j-1", round=number, metrics={"loss": 0.5}, at=NOON
    )
    envelope = Envelope(
        id=str(number), source="fedpact/agent", type=told.type, subject="j-1", time=NOON, sequence=1, route="gateway-1"
    )
    await there.portal.handlers.metrics(envelope, told.model_dump_json().encode())


async def test_the_rounds_of_a_job_are_data_for_its_plots(ada: Browser, there: Stage) -> None:
    await there.tell(job("j-1", status=JobStatus.RUNNING))
    await measured(there, 3)
    points = json.loads((await ada.get("/jobs/j-1/points")).text)["points"]
    assert [(point["round"], point["metrics"]) for point in points] == [(3, {"loss": 0.5})]
    assert "gateway-1, round 3: loss 0.5" in (await ada.get("/specs/s-1")).text


async def test_changes_and_rounds_are_told_to_who_may_see_them(there: Stage) -> None:
    await there.tell(job("j-1", status=JobStatus.RUNNING))
    async with (
        browser_of(there, "ada") as ada,
        browser_of(there, "olga") as owner,
        ada.session.get("/live/specs/s-1") as mine,
        owner.session.get("/live/specs/s-1") as theirs,
    ):
        for stream in (mine, theirs):
            await stream.content.readuntil(b"here")
        await measured(there, 1)
        await there.tell(running())
        assert b'"loss":0.5' in await mine.content.readuntil(b"event: changed")
        assert b"measured" not in await theirs.content.readuntil(b"event: changed")


async def test_what_happens_between_a_page_and_its_stream_is_told_first(ada: Browser, there: Stage) -> None:
    stream_of = re.compile(r'sse-connect="([^"]+)"')
    page = stream_of.search((await ada.get("/specs/s-1")).text)
    assert page
    await there.tell(running())
    async with ada.session.get(page[1]) as stream:
        await stream.content.readuntil(b"event: changed")
    again = stream_of.search((await ada.get("/specs/s-1")).text)
    assert again
    async with ada.session.get(again[1]) as stream:
        begins = await stream.content.readuntil(b"here")
        await there.tell(running("updating.deleting"))
        assert b"event" not in begins + await stream.content.readuntil(b"\n\n")
        await stream.content.readuntil(b"event: changed")


async def test_who_comes_back_is_told_to_look_again(ada: Browser) -> None:
    async with ada.session.get("/live/specs/s-1", headers={"Last-Event-ID": "1"}) as stream:
        await stream.content.readuntil(b"event: sync")


async def test_the_timeline_tells_how_long_each_phase_took(ada: Browser, there: Stage) -> None:
    await there.tell(changed("s-1"), running("updating.creating"), running())
    page = (await ada.get("/specs/s-1")).text
    for words in ("Awaiting activation", "Creating", "Running idle", "0 ms", "Created by ada"):
        assert words in page
    assert f"{LAKE}" in page
