"""What the pages about datasets, models and gateways have in common: their news, and whole lists for choosing from."""

from collections.abc import Sequence

from fedpact.contracts.api import DatasetView, GatewayView, ModelView, PageQuery, PolicyView
from fedpact.contracts.identity import Role
from fedpact.portal.domain.errors import ForbiddenError
from fedpact.portal.domain.model import Entry
from fedpact.portal.entrypoints.pages.live import News, frame, live
from fedpact.portal.entrypoints.pages.page import Answer, Desk, Page, Visit

MOST = PageQuery(page_size=200)
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


async def every_dataset(desk: Desk, organization: str | None = None) -> Sequence[DatasetView]:
    """Datasets, or those of one organization."""
    found, number = list[DatasetView](), 0
    while True:
        page = await desk.queries.datasets(MOST.model_copy(update={"page": number}))
        found += [one for one in page.items if organization in (None, one.organization)]
        number += 1
        if number * page.page_size >= page.total:
            return found


async def every_model(desk: Desk) -> Sequence[ModelView]:
    return (await desk.queries.models(MOST)).items


async def own_gateways(desk: Desk, visit: Visit) -> Sequence[GatewayView]:
    """The gateways, not the orchestrators, that the viewer's organization manages."""
    found = (await desk.queries.gateways(visit.viewer, MOST)).items
    return [one for one in found if one.organization == visit.viewer.organization and one.role == "gateway"]


async def policies_on(desk: Desk, visit: Visit, dataset: str) -> Sequence[PolicyView]:
    """The policies about a dataset that the viewer may read, those in force first."""
    found = (await desk.queries.policies(visit.viewer, MOST)).items
    about = [one for one in found if any(scope.id == dataset for scope in one.datasets)]
    return sorted(about, key=lambda one: one.withdrawn)


PAGES = (Page(path="/live/registry", handler=news),)
