"""Gateways: what each site allots and announces, what of it is taken, and how it treats policies and proposals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlencode

from fedpact.contracts.api import GatewayView, NewGateway, PageQuery
from fedpact.contracts.registry import Capability
from fedpact.portal.domain.load import Share
from fedpact.portal.entrypoints.pages.forms import Form, Mistake
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.registered import every, only
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE

ADMINS = roles_of("register_gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How much of one resource is taken."""

    name: str
    taken: float
    total: float
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A word for how a site does, and when it last gave a sign of life."""

    word: str
    tone: str
    heard: datetime | None = None


def address(page: int) -> str:
    return "/gateways" + (f"?{urlencode({'page': page})}" if page else "")


def health(desk: Desk, gateway: GatewayView) -> Health:
    """How the site does, as far as this hub heard."""
    signs = desk.queries.signs
    if signs.silent([gateway.gateway]):
        return Health(word="silent", tone="bad", heard=signs.last(gateway.gateway))
    if not gateway.announced:
        return Health(word="never heard of", tone="quiet")
    heard = signs.last(gateway.gateway)
    return Health(word="there" if heard else "announced", tone="good" if heard else "quiet", heard=heard)


async def listing(desk: Desk, visit: Visit) -> Answer:
    """Gateways of the viewer's organization; an admin sees all."""
    page = await desk.queries.gateways(visit.viewer, visit.asked(PageQuery))
    context = {
        "page": page,
        "health": {found.gateway: health(desk, found) for found in page.items},
        "address": address,
        "may_register": visit.viewer.has(*ADMINS),
    }
    return View(template="gateways.html", context=context)


async def one(desk: Desk, visit: Visit) -> Answer:
    """One gateway."""
    gateway = await desk.queries.gateway(visit.viewer, visit.path("gateway"))
    shares = await desk.queries.shares(visit.viewer, gateway.gateway)
    datasets = [found for found in await every(desk.queries.datasets) if found.gateway == gateway.gateway]
    context = {
        "gateway": gateway,
        "shares": shares,
        "gauges": gauges(gateway, shares),
        "health": health(desk, gateway),
        "datasets": datasets,
        "takes_unsigned": Capability.UNSIGNED_POLICIES in gateway.capabilities,
        "takes_proposals": Capability.PROPOSALS in gateway.capabilities,
    }
    return View(template="gateway.html", context=context)


async def draft(desk: Desk, visit: Visit) -> Answer:
    """The form for a new site."""
    only(visit, ADMINS)
    return await _form(desk, visit, Form(), ())


async def register(desk: Desk, visit: Visit) -> Answer:
    """Make a site known."""
    form = visit.form

    async def send() -> Answer:
        told = {name: form.text(name) for name in ("gateway", "organization", "role")}
        sent = NewGateway.model_validate(told)
        outcome = await desk.writes.register_gateway(visit.sends(sent))
        return settled(outcome, visit, f"/gateways/{quote(sent.gateway)}")

    return await filled_in(send, partial(_form, desk, visit, form))


def gauges(gateway: GatewayView, shares: Sequence[Share]) -> Sequence[Gauge]:
    """What is taken of what the site allots; a site that has not spoken allots nothing yet."""
    totals = gateway.totals
    if totals is None:
        return []
    return [
        Gauge(name="CPU", taken=sum(share.cpu for share in shares), total=totals.cpu),
        Gauge(name="GPU", taken=sum(share.gpu for share in shares), total=totals.gpu),
        Gauge(name="Memory", taken=sum(share.memory for share in shares), total=totals.memory, unit="MB"),
    ]


async def _form(desk: Desk, visit: Visit, form: Form, wrong: Sequence[Mistake]) -> View:
    context = {
        "organizations": await every(desk.queries.organizations),
        "form": form,
        "wrong": wrong,
        "key": visit.call.command_id,
    }
    return View(template="gateway_new.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


PAGES = (
    Page(path="/gateways", handler=listing, query=PageQuery, menu="Gateways"),
    Page(path="/gateways/{gateway}", handler=one),
    Page(path="/new/gateway", handler=draft, roles=ADMINS),
    Page(path="/new/gateway", handler=register, method=POST, roles=ADMINS),
)
