"""What the pages about datasets, models and gateways have in common: their news, and whole lists for choosing from."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from fedpact.contracts.api import DatasetView, GatewayView, PageQuery, PolicyView
from fedpact.contracts.api import Page as Listed
from fedpact.contracts.envelope import Model
from fedpact.contracts.identity import Role
from fedpact.portal.domain.errors import ForbiddenError
from fedpact.portal.domain.model import Entry
from fedpact.portal.entrypoints.pages.live import News, frame, live
from fedpact.portal.entrypoints.pages.page import Answer, Desk, Page, Visit

V = TypeVar("V", bound=Model)
LARGEST = PageQuery(page_size=200)
_ABOUT = ("registry.", "policy.policy.", "identity.")


def only(visit: Visit, roles: Sequence[Role]) -> None:
    """Refuses whoever has none of `roles`: where an owner or an admin has to be the one that is asked for."""
    if not visit.viewer.has(*roles):
        wanted = " or ".join(f"`{role.value}`" for role in roles)
        raise ForbiddenError(f"this needs the role {wanted}: ask whoever has it")


async def news(desk: Desk, visit: Visit) -> Answer:
    """`changed` whenever something was registered, proposed, published or taken back that the viewer may hear of."""

    async def tell(told: News) -> bytes:
        heard = isinstance(told, Entry) and told.kind.startswith(_ABOUT) and desk.queries.may_hear(visit.viewer, told)
        return frame("changed") if heard else b""

    return await live(desk, visit, tell)


async def every(ask: Callable[[PageQuery], Awaitable[Listed[V]]]) -> Sequence[V]:
    """All there are, page after page: what a form does not offer cannot be chosen."""
    found, query = list[V](), LARGEST
    while True:
        told = await ask(query)
        found += told.items
        query = query.model_copy(update={"page": query.page + 1})
        if query.page * query.page_size >= told.total:
            return found


async def datasets_of(desk: Desk, organization: str) -> Sequence[DatasetView]:
    """The datasets of one organization."""
    return [one for one in await every(desk.queries.datasets) if one.organization == organization]


async def own_gateways(desk: Desk, visit: Visit) -> Sequence[GatewayView]:
    """The gateways, not the orchestrators, that the viewer's organization manages."""
    found = await every(partial(desk.queries.gateways, visit.viewer))
    return [one for one in found if one.organization == visit.viewer.organization and one.role == "gateway"]


async def policies_on(desk: Desk, visit: Visit, dataset: str) -> Sequence[PolicyView]:
    """The policies about a dataset that the viewer may read, those in force first."""
    found = await every(partial(desk.queries.policies, visit.viewer))
    about = [one for one in found if any(scope.id == dataset for scope in one.datasets)]
    return sorted(about, key=lambda one: one.withdrawn)


PAGES = (Page(path="/live/registry", handler=news),)
