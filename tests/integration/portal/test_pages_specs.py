"""The list of compute specs and the form for a new one, as a browser gets them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from portal_browser import Browser, browser_of
from portal_memory import Stage, stage
from portal_values import HILL, LAKE, changed, content, created, dataset, later, model
from servers import until

from fedpact.contracts.pact import Person
from fedpact.contracts.specs import CreateSpec

FORM = {
    "datasets": [LAKE, HILL],
    "model": "logreg 1.0.0",
    "clients_cpu": "1.5",
    "clients_gpu": "0",
    "clients_memory": "1024",
    "server_cpu": "0.5",
    "server_gpu": "0",
    "server_memory": "512",
    "clients_per_gateway": "1",
}


@pytest.fixture
def there(tmp_path: Path) -> Stage:
    return stage(tmp_path)


@pytest.fixture
async def ada(there: Stage) -> AsyncIterator[Browser]:
    await there.tell(dataset(LAKE), dataset(HILL), model())
    async with browser_of(there) as found:
        yield found


async def test_the_beginning_leads_to_the_specs(ada: Browser) -> None:
    assert (await ada.get("/")).place == "/specs"


async def test_an_empty_list_says_what_to_do(ada: Browser, there: Stage) -> None:
    assert "No compute specs yet" in (await ada.get("/specs")).text
    assert "/new/spec" in (await ada.get("/specs")).text
    async with browser_of(there, "stan") as steward:
        page = await steward.get("/specs")
        assert "No compute specs yet" in page.text
        assert "/new/spec" not in page.text


async def test_an_empty_hub_says_where_its_operator_begins(tmp_path: Path) -> None:
    bare, hinted = stage(tmp_path), stage(tmp_path, first_step="`fedpact fill` gives it tables")
    for there, told in ((bare, False), (hinted, True)):
        async with browser_of(there) as ada, browser_of(there, "stan") as steward:
            for page in (await ada.get("/specs"), await ada.get("/new/spec"), await steward.get("/datasets")):
                assert ("<code>fedpact fill</code> gives it tables." in page.text) is told


async def test_a_row_holds_creator_organization_datasets_model_and_status(ada: Browser, there: Stage) -> None:
    await there.tell(created("s-1"), changed("s-1", "active.running_idle", 1))
    page = (await ada.get("/specs")).text
    for text in ("ada@lab.org", "lab", LAKE, HILL, "logreg", "running idle", "/specs/s-1"):
        assert text in page


async def test_the_list_is_filtered_by_main_status_and_searched_by_one_identifier(ada: Browser, there: Stage) -> None:
    zoe = Person(user="zoe", organization="lab", email="zoe@lab.org")
    await there.tell(created("s-one"), changed("s-one", "active.running", 1))
    await there.tell(created("s-two", creator=zoe, what=content(HILL)), changed("s-two", "failed.failed", 1))
    found = {
        "status=active": {"s-one"},
        "status=failed": {"s-two"},
        "status=": {"s-one", "s-two"},
        "search=S-TWO": {"s-two"},
        "search=one_gateway": {"s-one"},
        "search=zoe@lab": {"s-two"},
        "search=logr": {"s-one", "s-two"},
        "search=logr&status=failed": {"s-two"},
        "search=nothing": set(),
    }
    for query, specs in found.items():
        text = (await ada.get(f"/specs?{query}")).text
        assert {name for name in ("s-one", "s-two") if f'"/specs/{name}"' in text} == specs
    assert "Nothing matches" in (await ada.get("/specs?search=nothing")).text
    assert (await ada.get("/specs?status=odd")).status == 422


async def test_a_list_has_pages_that_keep_the_question(ada: Browser, there: Stage) -> None:
    for n in range(5):
        await there.tell(created(f"s-{n}", at=later(n)))
    first = await ada.get("/specs?page_size=2&search=logreg")
    assert "1 to 2 of 5" in first.text
    assert "search=logreg&amp;page=1" in first.text


async def test_a_part_is_the_list_without_the_frame(ada: Browser, there: Stage) -> None:
    await there.tell(created("s-1"))
    part = await ada.get("/specs", HX_Request="true")
    assert "<html" not in part.text
    assert 'id="spec-list"' in part.text
    whole = await ada.get("/specs", HX_Request="true", HX_History_Restore_Request="true")
    assert "<html" in whole.text


async def test_a_filled_form_becomes_the_command_and_leads_to_the_spec(ada: Browser, there: Stage) -> None:
    form = await ada.get("/new/spec")
    assert LAKE in form.text
    answer = await ada.post("/new/spec", {**FORM, "key": form.key})
    command, _, token = there.owners.seen[0]
    assert isinstance(command, CreateSpec)
    assert command.content.datasets == (LAKE, HILL)
    assert command.content.resources.clients.cpu == 1.5
    assert command.content.parameters is None
    assert token == "ada"
    assert (answer.status, answer.place) == (303, f"/specs/{command.spec_id}")
    assert (await ada.get(answer.place)).status == 200


async def test_a_form_sent_twice_makes_one_spec(ada: Browser, there: Stage) -> None:
    key = (await ada.get("/new/spec")).key
    first = await ada.post("/new/spec", {**FORM, "key": key})
    again = await ada.post("/new/spec", {**FORM, "key": key})
    assert first.place == again.place
    assert len(there.owners.seen) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"datasets": []}, "datasets"),
        ({"model": ""}, "model"),
        ({"clients_cpu": "many"}, "resources.clients.cpu"),
        ({"parameters": "{not json"}, "not JSON"),
        ({"parameters": '{"a": 1, "a": 2}'}, "parameters"),
        ({"spec_id": "Not An Id"}, "spec_id"),
        ({"datasets": ["unknown_gateway-9_lake"]}, "there is no dataset"),
    ],
)
async def test_what_is_not_right_is_told_on_the_form_and_nothing_typed_is_lost(
    ada: Browser, change: dict[str, object], told: str
) -> None:
    answer = await ada.post("/new/spec", {**FORM, "server_memory": "777", **change})
    assert answer.status == 422
    assert told.lower() in answer.text.lower()
    assert 'value="777"' in answer.text


async def test_limits_that_are_ticked_are_required_and_shown(ada: Browser, there: Stage) -> None:
    form = await ada.get("/new/spec")
    answer = await ada.post("/new/spec", {**FORM, "enforced": ["network", "memory"], "key": form.key})
    command, _, _ = there.owners.seen[0]
    assert isinstance(command, CreateSpec)
    assert [limit.value for limit in command.content.resources.enforced] == ["network", "memory"]
    assert "<dd>network, memory</dd>" in (await ada.get(answer.place)).text


async def test_who_may_not_propose_is_offered_no_form_and_refused(there: Stage) -> None:
    async with browser_of(there, "stan") as steward:
        for answer in (await steward.get("/new/spec"), await steward.post("/new/spec", FORM)):
            assert answer.status == 403
            assert "data_scientist" in answer.text
            assert "You may not do this" in answer.text
    assert there.owners.seen == []


async def test_what_the_owner_of_a_command_forbids_is_a_page_with_its_reason(there: Stage) -> None:
    await there.tell(dataset(LAKE), dataset(HILL), model())
    there.owners.strict.add("specs")
    async with browser_of(there, "root") as admin:
        assert "/new/spec" not in (await admin.get("/specs")).text
        answer = await admin.post("/new/spec", FORM)
        assert answer.status == 403
        assert "Only <code>somebody else</code> may do this." in answer.text


async def test_a_silent_owner_is_waited_for_on_a_page_of_its_own(ada: Browser, there: Stage) -> None:
    there.owners.silent.add("specs")
    key = (await ada.get("/new/spec")).key
    away = await ada.post("/new/spec", {**FORM, "key": key})
    assert away.place.startswith("/commands/")
    assert "One moment" in (await ada.get(away.place)).text
    there.owners.silent.clear()
    await ada.post("/new/spec", {**FORM, "key": key})
    assert (await ada.get(away.place)).status == 303


async def test_rows_come_by_themselves(there: Stage) -> None:
    async with browser_of(there) as ada:
        told: list[str] = []
        async with ada.session.get("/live/specs") as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            await stream.content.readuntil(b"here")
            await there.tell(created("s-1"), changed("s-1", "active.running", 1))
            await there.tell(created("s-hidden", creator=Person(user="eve", organization="moor"), what=content(HILL)))

            async def read() -> bool:
                told.append((await stream.content.readline()).decode())
                return "event: spec-s-1\n" in told

            await until(read)
            assert "event: created\n" in told
            assert not [line for line in told if "hidden" in line]


async def test_names_are_text_wherever_they_come_from(tmp_path: Path) -> None:
    there = stage(tmp_path)
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    shape = dataset(LAKE).model_copy(update={"description": evil, "name": evil})
    named = model().model_copy(update={"name": evil})
    person = Person(user="ada", organization="lab", email="<script>alert(2)</script>@x")
    moved = changed("s-1", "failed.failed", 1).model_copy(update={"cause": evil})
    await there.tell(shape, named, created("s-1", creator=person), moved)
    async with browser_of(there) as ada:
        for path in ("/specs", "/new/spec", "/specs/s-1", f"/specs?search={evil}", f"/login?next=/{evil}", "/activity"):
            text = (await ada.get(path)).text
            assert "<script>alert" not in text
            assert "<img" not in text
