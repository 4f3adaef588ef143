"""Answers in a notebook are tables, whatever people called their things."""

from html.parser import HTMLParser

from client_portal import AT, PORTAL, FakePortal, job, options, page, spec
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from fedpact.client import Fedpact
from fedpact.client.notebooks import prepare
from fedpact.client.tables import ROWS, html_of
from fedpact.contracts import api

PLAIN = {"table", "thead", "tbody", "tr", "th", "td", "b", "br", "p"}
HOSTILE = "<script>alert(1)</script><img src=x onerror='x'>\x1b[2J\u202e&\"'"


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def harmless(text: str) -> bool:
    """Only elements of a table, and none with an attribute."""
    parser = Elements()
    parser.feed(text)
    return all(tag in PLAIN and not attrs for tag, attrs in parser.found)


def entry(text: str) -> api.TimelineEntry:
    return api.TimelineEntry.model_validate({"id": text, "type": text, "time": AT, "about": text, "text": text})


@given(st.text() | st.just(HOSTILE))
def test_no_text_of_other_people_becomes_markup(text: str) -> None:
    assert harmless(html_of(api.TimelineView(entries=(entry(text), entry("b")))))
    assert harmless(html_of(api.StatusView(ready=True, checks={text: text})))
    assert harmless(html_of(job(payload={text: {text: [text]}}, reason=text)))


def test_a_control_character_does_not_reach_the_page() -> None:
    told = html_of(job(reason=HOSTILE))
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "&lt;script&gt;" in told


def test_a_list_is_a_row_each() -> None:
    told = html_of(page(api.SpecPage, spec().model_dump(), spec(spec_id="s-2").model_dump()))
    assert told.count("<tr>") == 3
    assert "<th>spec_id</th>" in told
    assert html_of(page(api.SpecPage)) == "<p>nothing</p>"


def test_a_long_list_says_how_much_more_there_is() -> None:
    told = html_of(api.TimelineView(entries=tuple(entry(str(number)) for number in range(ROWS + 7))))
    assert told.count("<tr>") == ROWS + 1
    assert "<p>7 more</p>" in told


def test_a_notebook_shows_answers_and_handles_by_itself() -> None:
    shell = InteractiveShell.instance()
    try:
        prepare()
        portal = FakePortal().on("GET", "/v1/jobs/j-1", job()).on("GET", "/v1/specs/s-1", spec())
        with Fedpact(PORTAL, "t0ken", options(portal)) as fp:
            shown = [shell.display_formatter.format(value)[0] for value in (job(), fp.job("j-1"), fp.spec("s-1"), fp)]
    finally:
        InteractiveShell.clear_instance()
    assert "<td>j-1</td>" in shown[0]["text/html"]
    assert "<td>j-1</td>" in shown[1]["text/html"]
    assert "<td>s-1</td>" in shown[2]["text/html"]
    assert "text/html" not in shown[3]
    assert "t0ken" not in str(shown)


def test_a_handle_is_a_line_elsewhere() -> None:
    portal = FakePortal().on("GET", "/v1/jobs/j-1", job()).on("GET", "/v1/specs/s-1", spec(status="active.\x1b[31m"))
    with Fedpact(PORTAL, "t0ken", options(portal)) as fp:
        assert repr(fp.job("j-1")) == "<Job j-1 running>"
        assert repr(fp.spec("s-1")) == "<Spec s-1 active.\N{REPLACEMENT CHARACTER}[31m>"
