"""Asset policies: who may run what on which data. Everybody sees those that concern them; only an owner writes."""

from urllib.parse import quote, urlencode

from fedpact.contracts.api import PageQuery, PolicyEdit, PolicyView
from fedpact.contracts.envelope import Actor
from fedpact.portal.entrypoints.pages.outcomes import settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.registered import only

OWNERS = roles_of("publish_policy")


def address(page: int) -> str:
    return "/policies" + (f"?{urlencode({'page': page})}" if page else "")


def may_write(viewer: Actor, policy: PolicyView) -> bool:
    """Whether to offer changes of it."""
    return viewer.has(*OWNERS) and viewer.organization == policy.organization


async def listing(desk: Desk, visit: Visit) -> Answer:
    """Policies one's organization wrote, and those one benefits from."""
    context = {
        "page": await desk.queries.policies(visit.viewer, visit.asked(PageQuery)),
        "address": address,
        "may_write": visit.viewer.has(*OWNERS),
    }
    return View(template="policies.html", context=context)


async def one(desk: Desk, visit: Visit) -> Answer:
    """One policy, as far as the viewer may read it."""
    policy = await desk.queries.policy(visit.viewer, visit.path("policy"))
    context = {"policy": policy, "may_write": may_write(visit.viewer, policy)}
    return View(template="policy.html", context=context)


async def leaving(desk: Desk, visit: Visit) -> Answer:
    """What a withdrawal would end, before it is made."""
    only(visit, OWNERS)
    policy = await desk.queries.policy(visit.viewer, visit.path("policy"))
    preview = await desk.queries.preview(visit.viewer, PolicyEdit(withdraw=policy.policy))
    context = {"policy": policy, "preview": preview, "key": visit.call.command_id}
    return View(template="policy_withdraw.html", context=context)


async def withdraw(desk: Desk, visit: Visit) -> Answer:
    """End it."""
    outcome = await desk.writes.withdraw_policy(visit.sends())
    return settled(outcome, visit, f"/policies/{quote(visit.path('policy'))}")


PAGES = (
    Page(path="/policies", handler=listing, query=PageQuery, menu="Asset policies"),
    Page(path="/policies/{policy}", handler=one),
    Page(path="/policies/{policy}/withdraw", handler=leaving, roles=OWNERS),
    Page(path="/policies/{policy}/withdraw", handler=withdraw, method=POST, roles=OWNERS),
)
