"""The list of compute specs, live, and the form for a new one."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

from fedpact.contracts.api import NewSpec, SpecQuery
from fedpact.contracts.pact import Demand
from fedpact.contracts.specs import SpecCreated
from fedpact.portal.app.views import spec_summary
from fedpact.portal.domain.model import Entry
from fedpact.portal.domain.offers import may_propose
from fedpact.portal.entrypoints.pages.forms import LIMITS, Form, Mistake
from fedpact.portal.entrypoints.pages.live import News, frame, live
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, Redirect, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.registered import every
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE

CATEGORIES = ("active", "updating", "inactive", "failed")
CREATORS = roles_of("create_spec")
PARTS = ("clients", "server")


async def begin(_: Desk, __: Visit) -> Answer:
    """The first page there is."""
    return Redirect("/specs")


async def listing(desk: Desk, visit: Visit) -> Answer:
    """Specs of one's organization and on its datasets, newest first."""
    query = visit.asked(SpecQuery)
    context = {
        "page": await desk.queries.specs(visit.viewer, query),
        "query": query,
        "categories": CATEGORIES,
        "address": partial(_address, query),
        "may_create": may_propose(visit.viewer),
    }
    return View(template="_specs.html" if visit.partial else "specs.html", context=context)


async def rows(desk: Desk, visit: Visit) -> Answer:
    """Rows as they change; `created` when there is one more."""

    async def tell(news: News) -> bytes:
        if not isinstance(news, Entry) or news.spec_id is None or news.job_id is not None:
            return b""
        await desk.queries.index.settle()
        row = desk.queries.index.specs.get(news.spec_id)
        if row is None or not desk.queries.may_hear(visit.viewer, news):
            return b""
        if news.kind == SpecCreated.type:
            return frame("created")
        text = desk.look.text("_spec_row.html", {"spec": spec_summary(row), "fresh": True})
        return frame(f"spec-{row.spec_id}", text)

    return await live(desk, visit, tell)


async def draft(desk: Desk, visit: Visit) -> Answer:
    """The form for a new spec."""
    return await _form(desk, visit, Form(), ())


async def create(desk: Desk, visit: Visit) -> Answer:
    """Propose the pact; what is not right yet is told on the form."""

    async def send() -> Answer:
        sent = NewSpec.model_validate(_content(visit.form))
        outcome = await desk.writes.create_spec(visit.sends(sent))
        return settled(outcome, visit, outcome.location.removeprefix("/v1") or "/specs")

    return await filled_in(send, partial(_form, desk, visit, visit.form))


def _content(form: Form) -> dict[str, object]:
    model, _, version = form.text("model").partition(" ")
    resources: dict[str, object] = {
        part: {name: form.given(f"{part}_{name}") for name in ("cpu", "gpu", "memory")} for part in PARTS
    }
    return {
        "spec_id": form.given("spec_id"),
        "content": {
            "datasets": form.many("datasets"),
            "model": {"id": model, "version": version},
            "resources": resources | {"enforced": form.many("enforced")},
            "clients_per_gateway": form.given("clients_per_gateway") or 1,
            "parameters": form.json("parameters") if form.given("parameters") else None,
        },
    }


async def _form(desk: Desk, visit: Visit, form: Form, wrong: Sequence[Mistake]) -> View:
    context = {
        "datasets": await every(desk.queries.datasets),
        "models": [model for model in await every(desk.queries.models) if model.versions],
        "form": form,
        "wrong": wrong,
        "key": visit.call.command_id,
        "usual": Demand(),
        "parts": PARTS,
        "limits": LIMITS,
    }
    return View(template="spec_new.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


def _address(query: SpecQuery, page: int) -> str:
    asked = {"status": query.status, "search": query.search, "page": page or None}
    given = {name: value for name, value in asked.items() if value is not None}
    return "/specs" + (f"?{urlencode(given)}" if given else "")


PAGES = (
    Page(path="/", handler=begin),
    Page(path="/specs", handler=listing, query=SpecQuery, menu="Compute specs"),
    Page(path="/live/specs", handler=rows),
    Page(path="/new/spec", handler=draft, roles=CREATORS),
    Page(path="/new/spec", handler=create, method=POST, roles=CREATORS),
)
