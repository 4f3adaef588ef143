"""Models: what may be computed, each version pinned by its digest. They are published with the command line."""

from urllib.parse import urlencode

from fedpact.contracts.api import PageQuery
from fedpact.portal.entrypoints.calls import may_enter
from fedpact.portal.entrypoints.pages.page import Answer, Desk, Page, View, Visit, roles_of

PUBLISHERS = roles_of("register_model")


def address(page: int) -> str:
    return "/models" + (f"?{urlencode({'page': page})}" if page else "")


async def listing(desk: Desk, visit: Visit) -> Answer:
    """All models."""
    context = {
        "page": await desk.queries.models(visit.asked(PageQuery)),
        "address": address,
        "may_publish": may_enter(visit.viewer, PUBLISHERS),
    }
    return View(template="models.html", context=context)


async def one(desk: Desk, visit: Visit) -> Answer:
    """One model with the card of each version, newest first."""
    model = await desk.queries.registered_model(visit.path("model"))
    publishes = may_enter(visit.viewer, PUBLISHERS) and visit.viewer.organization == model.publisher
    return View(template="model.html", context={"model": model, "may_publish": publishes})


PAGES = (
    Page(path="/models", handler=listing, query=PageQuery, menu="Models"),
    Page(path="/models/{model}", handler=one),
)
