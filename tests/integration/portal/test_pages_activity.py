"""The stream of facts on a page."""

from pathlib import Path

import pytest
from portal_browser import browser_of
from portal_memory import Stage, stage
from portal_values import changed, created, dataset, gateway, job, model, organization
from servers import until


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(
        organization("lab"), dataset(), gateway(), created("s-1"), changed("s-1"), created("s-2"), job("j-1")
    )
    return found


def lines(text: str) -> int:
    return text.count("<time ")


async def test_one_reads_what_one_may_hear_newest_first(there: Stage) -> None:
    async with browser_of(there) as ada, browser_of(there, "eve") as eve:
        page = (await ada.get("/activity")).text
        assert lines(page) == 6
        assert "gateway gateway-1 registered" not in page.lower()
        assert page.index("j-1") < page.index("Organization lab joined")
        theirs = (await eve.get("/activity")).text
        assert lines(theirs) == 2
        assert "s-1" not in theirs


@pytest.mark.parametrize(
    ("query", "count"),
    [("type=specs", 3), ("type=specs.spec.created", 2), ("type=jobs", 1), ("spec=s-1", 3), ("spec=s-1&type=jobs", 1)],
)
async def test_the_stream_is_filtered_by_type_and_spec(there: Stage, query: str, count: int) -> None:
    async with browser_of(there) as ada:
        assert lines((await ada.get(f"/activity?{query}")).text) == count


async def test_a_chain_of_causes_can_be_followed(there: Stage) -> None:
    async with browser_of(there) as ada:
        await ada.post("/specs/s-1/activate", {"generation": "0"})
        entry = (await there.model.entries.documents.every())[-1].state
        chain = await ada.get(f"/activity?correlation={entry['correlation']}")
        assert lines(chain.text) == 1
        assert "Show everything" in chain.text
        assert lines((await ada.get("/activity?correlation=made-up")).text) == 0


async def test_older_lines_are_on_the_next_page_and_none_is_lost_or_told_twice(tmp_path: Path) -> None:
    there = stage(tmp_path)
    for n in range(130):
        await there.tell(created(f"s-{n:03}"), model())
    async with browser_of(there) as ada:
        seen: list[str] = []
        place = "/activity?type=specs"
        pages = 0
        while place:
            pages += 1
            page = (await ada.get(place)).text
            seen += [part.partition('"')[0] for part in page.split('<a href="/specs/s-')[1:]]
            place = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        assert pages == 2
        assert seen == [f"{n:03}" for n in reversed(range(130))]


async def test_new_lines_come_by_themselves_as_asked(there: Stage) -> None:
    async with browser_of(there) as ada, ada.session.get("/live/activity?type=specs") as stream:
        await stream.content.readuntil(b"here")
        await there.tell(model(), created("s-new"))
        told: list[bytes] = []

        async def read() -> bool:
            told.append(await stream.content.readline())
            return b"s-new" in told[-1]

        await until(read)
        assert b"event: line\n" in told
        assert not [line for line in told if b"registry" in line]


async def test_a_line_between_the_page_and_its_stream_comes_once(there: Stage) -> None:
    async with browser_of(there) as ada:
        page = (await ada.get("/activity?type=specs")).text
        place = page.partition('sse-connect="')[2].partition('"')[0].replace("&amp;", "&")
        await there.tell(model(), created("s-meanwhile"))
        async with ada.session.get(place) as stream:
            await stream.content.readuntil(b"here")
            await there.tell(created("s-later"))
            told = await stream.content.readuntil(b"s-later")
        assert told.count(b"event: line\n") == 2
        assert b"s-meanwhile" in told


@pytest.mark.parametrize("query", ["before=odd", "spec=Not+An+Id", "odd=1"])
async def test_a_question_that_cannot_be_read_is_a_page(there: Stage, query: str) -> None:
    async with browser_of(there) as ada:
        answer = await ada.get(f"/activity?{query}")
        assert answer.status == 422
        assert "Something is not right yet" in answer.text
