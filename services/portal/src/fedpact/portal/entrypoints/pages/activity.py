"""The stream of facts: what happens in the federation, as far as one may hear of it, and what led to what."""

from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from fedpact.contracts.api import EventQuery
from fedpact.contracts.envelope import Actor
from fedpact.portal.app.activity import Stretch, stretch
from fedpact.portal.app.feed import cursor_text, read_cursor
from fedpact.portal.app.views import timeline_entry
from fedpact.portal.domain.model import Entry
from fedpact.portal.entrypoints.pages.live import News, frame, live
from fedpact.portal.entrypoints.pages.page import Answer, Desk, Page, View, Visit

MOST = 100
CONTEXTS = ("specs", "jobs", "policy", "registry", "identity", "scheduling")
"""The first words of the types of facts, in the order people ask for them."""

PLACE = {"before", "seen"}
"""What says where in the journal one is; the rest of the query is what one asks for."""


class ActivityQuery(EventQuery):
    """`type` is how the type of a fact begins, `before` where an earlier page ended, `seen` what the page had seen."""

    type: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    before: Annotated[str, Field(pattern=r"^[a-z_]+=[0-9]{1,15}(,[a-z_]+=[0-9]{1,15})*$", max_length=400)] | None = None
    seen: Annotated[str, Field(max_length=3200)] | None = None

    def wants(self, entry: Entry) -> bool:
        """Whether the line is asked for."""
        return (
            self.spec in (None, entry.spec_id)
            and self.correlation in (None, entry.correlation)
            and entry.kind.startswith(self.type or "")
        )

    def address(self, **changed: str | None) -> str:
        """Where the same is asked with something else in it."""
        asked = {**self.model_dump(exclude=PLACE), **changed}
        given = {name: value for name, value in asked.items() if value}
        return "/activity" + (f"?{urlencode(given)}" if given else "")


async def stream(desk: Desk, visit: Visit) -> Answer:
    """What happened, newest first."""
    query = visit.asked(ActivityQuery)
    found = await _found(desk, visit.viewer, query)
    context = {
        "entries": [timeline_entry(entry) for entry in found.entries],
        "rest": query.address(before=cursor_text(found.rest)) if found.rest else "",
        "query": query,
        "contexts": CONTEXTS,
        "live": query.before is None,
        "following": urlencode(query.model_dump(exclude_none=True, exclude=PLACE)),
    }
    return View(template="activity.html", context=context)


async def lines(desk: Desk, visit: Visit) -> Answer:
    """Lines as they come."""
    query = visit.asked(ActivityQuery)

    async def tell(news: News) -> bytes:
        if not isinstance(news, Entry) or not query.wants(news) or not desk.queries.may_hear(visit.viewer, news):
            return b""
        context = {"entry": timeline_entry(news), "query": query, "fresh": True}
        return frame("line", desk.look.text("_activity_row.html", context))

    return await live(desk, visit, tell)


async def _found(desk: Desk, viewer: Actor, query: ActivityQuery) -> Stretch:
    """One chain or one spec is found by its index; everything else by going back."""
    journal = desk.queries.journal

    def wanted(entry: Entry) -> bool:
        return query.wants(entry) and desk.queries.may_hear(viewer, entry)

    if query.correlation or query.spec:
        chain = journal.of_correlation(query.correlation) if query.correlation else journal.of_spec(query.spec or "")
        found = await chain
        return Stretch(entries=[entry for entry in reversed(found) if wanted(entry)], rest={})
    heads = read_cursor(query.before) if query.before else dict(desk.feed.heads)
    return await stretch(journal, heads, wanted, MOST)


PAGES = (
    Page(path="/activity", handler=stream, query=ActivityQuery, menu="Activity"),
    Page(path="/live/activity", handler=lines, query=ActivityQuery),
)
